#!/usr/bin/env bash
# Builds the agent for one kind of machine, as one static file:
#
#   targets/build.sh TARGET [CARGO ARGUMENT...]
#
# The result is target/agents/TARGET/bartizan-agent; beside it size.json says
# how big it is and what built it. A file that is bigger than the budget in
# targets/TARGET.conf fails. targets/setup.sh installs what is needed.
#
# With --no-default-features active response is left out, for machines where
# every byte counts: bartizan-collector, with collector.json and a budget of its
# own. It refuses what it is ordered, and says so.
set -euo pipefail
. "$(dirname "$0")/toolchain.sh"
read_target "${1:-}"
shift
bin=$(rust_with_sources) && [ -x "$ZIG" ] || { echo "first run targets/setup.sh" >&2; exit 3; }

# Std is built along: without backtraces, for size, and with the program's own
# optimisation across crates. Features of nightly on a stable compiler.
std=(-Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size)
flags=(
  -Ctarget-feature=+crt-static
  # Crt and libc come from the linker; it need not tell where it looked for them.
  -Clink-self-contained=no -Alinker-messages
  # A panic aborts at once, without a message: a tenth of the program is code
  # for messages of panics that are not to be. So no tables for unwinding.
  -Zunstable-options -Cpanic=immediate-abort -Cforce-unwind-tables=no
  # Nor places in the source and values for such messages.
  -Zlocation-detail=none -Zfmt-debug=none
  # It lies at a fixed address, so nothing is relocated that could be made
  # read-only; comparisons are shorter than tables of jumps.
  -Crelocation-model=static -Crelro-level=off -Cjump-tables=no
  # One implementation of each cipher, the plain one: an agent sends kilobytes.
  '--cfg=curve25519_dalek_backend="serial"' --cfg=chacha20_force_soft --cfg=poly1305_force_soft
  # The same bytes from any folder.
  "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$root=/bartizan"
)
# Moving more than a word is a call, not a row of moves.
flags+=(-Cllvm-args=-max-store-memcpy=1)
# Sequences that come again become functions: by default on other processors. What needs much of the stack stays a
# function of its own: in a smaller frame variables have shorter addresses. Addresses in loops are calculated where they
# are used.
case $triple in
  x86_64-* | i686-*)
    for option in enable-machine-outliner=always inline-max-stacksize=384 disable-lsr enable-load-pre=false; do
      flags+=("-Cllvm-args=-$option")
    done
    ;;
  arm-*) flags+=(-Cllvm-args=-enable-machine-outliner=always) ;;
esac
# ARMv7 has instructions of two bytes, too.
case $triple in armv7-*) flags+=(-Ctarget-feature=+thumb-mode) ;; esac
# On MIPS an instruction stands behind each branch: take useful ones from the code that is branched to.
case $triple in mips*) flags+=(-Cllvm-args=-disable-mips-df-{succbb,forward}-search=false) ;; esac
printf -v CARGO_ENCODED_RUSTFLAGS '%s\x1f' "${flags[@]}"
export CARGO_ENCODED_RUSTFLAGS=${CARGO_ENCODED_RUSTFLAGS%$'\x1f'}

export PATH=$bin:$PATH RUSTC_BOOTSTRAP=1
export ZIG_TARGET=$zig ZIG_CPU=$zig_cpu ZIG_GLOBAL_CACHE_DIR=$target_dir/zig-cache
linker=CARGO_TARGET_${triple^^}_LINKER
export "${linker//-/_}=$root/targets/linker.sh"
unset RUSTFLAGS RUSTC RUSTDOC RUSTC_WRAPPER

cd "$root"
cargo build --locked -p bartizan-agent --bin bartizan-agent --profile agent --target "$triple" \
  --target-dir "$target_dir/cross" "${std[@]}" "$@"

out=$target_dir/agents/$target name=bartizan-agent size=size.json
case " $* " in *" --no-default-features "*) name=bartizan-collector size=collector.json budget=$budget_collector ;; esac
mkdir -p "$out"
cp "$target_dir/cross/$triple/agent/bartizan-agent" "$out/$name"
bytes=$(stat -c %s "$out/$name")
printf '{"target": "%s", "bytes": %d, "budget": %d, "compiler": "%s"}\n' \
  "$target" "$bytes" "$budget" "$(rustc --version)" >"$out/$size"
echo "$out/$name: $bytes bytes, budget $budget"
if [ "$bytes" -gt "$budget" ]; then
  echo "$target: $((bytes - budget)) bytes over the budget of targets/$target.conf" >&2
  exit 1
fi
