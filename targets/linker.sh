#!/bin/sh
# What rustc calls to link: zig's C compiler with musl of the target. Flags that
# zig does not know, or sets itself, are left out; musl is compiled for size (for
# which -g keeps the names that rustc does not strip) and discard.ld leaves out
# what nobody reads. Needs $ZIG and $ZIG_TARGET.
for flag in "$@"; do
  shift
  case $flag in
    -m32 | -m64 | -march=* | -Wl,-m* | -nodefaultlibs) continue ;;
    -lunwind | -lgcc | -lgcc_s | -lgcc_eh) continue ;;
    -Wl,--fix-cortex-a53-843419 | -Wl,--no-undefined-version) continue ;;
  esac
  set -- "$@" "$flag"
done
exec "$ZIG" cc -Os -g -target "$ZIG_TARGET" ${ZIG_CPU:+"-mcpu=$ZIG_CPU"} "$@" \
  "-Wl,-T,${0%/*}/discard.ld" "${0%/*}/unwind.c"
