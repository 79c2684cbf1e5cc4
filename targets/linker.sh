#!/bin/sh
# What rustc calls to link: zig's C compiler with musl of the target. Flags that
# zig does not know, or sets itself, are left out. Needs $ZIG and $ZIG_TARGET.
for flag in "$@"; do
  shift
  case $flag in
    -m32 | -m64 | -march=* | -Wl,-m* | -nodefaultlibs) continue ;;
    -lunwind | -lgcc | -lgcc_s | -lgcc_eh) continue ;;
    -Wl,--fix-cortex-a53-843419 | -Wl,--no-undefined-version) continue ;;
  esac
  set -- "$@" "$flag"
done
exec "$ZIG" cc -target "$ZIG_TARGET" ${ZIG_CPU:+"-mcpu=$ZIG_CPU"} "$@" "${0%/*}/unwind.c"
