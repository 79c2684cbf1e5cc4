#!/usr/bin/env bash
# Installs what build.sh, run.sh and package.sh need and this machine lacks:
#
#   targets/setup.sh
#
# * the sources of Rust's standard library: rustup's, else Debian's own compiler
#   with its sources (rustc-web), which stands beside rustup's;
# * zig, for musl and the linker, in target/zig (80 MB to fetch);
# * qemu-user, to run what was built.
#
# May be called again at any time. Debian's packages need root or sudo.
set -euo pipefail
. "$(dirname "$0")/toolchain.sh"

apt_install() {
  local root_command=()
  [ "$(id -u)" = 0 ] || root_command=(sudo)
  echo "installing $*"
  if [ -z "${apt_updated:-}" ]; then
    "${root_command[@]}" apt-get update -qq
    apt_updated=yes
  fi
  DEBIAN_FRONTEND=noninteractive "${root_command[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_rust() {
  echo "adding the sources of Rust's standard library"
  command -v rustup >/dev/null && rustup component add rust-src && rust_with_sources >/dev/null && return
  echo "rustup does not have them: taking Debian's compiler"
  apt_install rustc-web cargo-web rust-web-src
}

install_zig() {
  echo "fetching zig"
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  rm -rf "$zig_dir"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --require-hashes \
    --target "$zig_dir" -r "$root/targets/zig.txt"
  cp "$root/targets/zig.txt" "$zig_dir/installed.txt"
}

rust_with_sources >/dev/null || install_rust
cmp -s "$root/targets/zig.txt" "$zig_dir/installed.txt" || install_zig
command -v qemu-mips-static >/dev/null || apt_install qemu-user-static
bin=$(rust_with_sources)
echo "$("$bin/rustc" --version), zig $("$ZIG" version), $(qemu-mips-static --version | head -1)"
