# Read by the scripts here: what they share. Not a program.
#
# Standard library and program are compiled together, so a Rust compiler counts
# only with the sources of its own standard library: rustup's, or Debian's
# rustc-web. Musl and the linker are zig's, for every CPU the same.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target_dir=${CARGO_TARGET_DIR:-$root/target}
zig_dir=$target_dir/zig
export ZIG=$zig_dir/ziglang/zig

# The folder that holds a cargo and a rustc with sources; fails without one.
rust_with_sources() {
  local bin
  for bin in "$(dirname "$(command -v cargo || echo /none/cargo)")" /usr/bin; do
    [ -x "$bin/rustc" ] && [ -x "$bin/cargo" ] &&
      [ -f "$(cd "$root" && "$bin/rustc" --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ] &&
      echo "$bin" && return
  done
  return 1
}

# Reads targets/NAME.conf into variables: what the file says, and `target`.
read_target() {
  target=${1:-} triple='' zig='' zig_cpu='' qemu='' qemu_cpu='' budget='' budget_collector='' openwrt='' deb=''
  local file=$root/targets/$target.conf
  if [ -z "$target" ] || [ ! -f "$file" ]; then
    echo "there is no target \`$target\`; there are: $(all_targets)" >&2
    return 2
  fi
  # shellcheck source=/dev/null
  . "$file"
}

# The names of all targets, in one line.
all_targets() {
  local file names=()
  for file in "$root"/targets/*.conf; do
    names+=("$(basename "$file" .conf)")
  done
  echo "${names[*]}"
}
