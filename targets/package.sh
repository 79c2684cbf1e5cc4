#!/usr/bin/env bash
# Makes packages of what is built:
#
#   targets/package.sh ipk TARGET       the agent for OpenWrt, one file per name of the CPU there
#   targets/package.sh deb TARGET       the agent for Debian
#   targets/package.sh tar TARGET       the agent with an installer
#   targets/package.sh manager          the manager for Debian, from target/release
#
# The agent is the one that build.sh has built. Packages go to target/packages;
# the same input gives the same bytes. BARTIZAN_AGENT and BARTIZAN_MANAGER name
# other programs to pack. Nothing but tar and dpkg-deb is needed.
set -euo pipefail
. "$(dirname "$0")/toolchain.sh"

kind=${1:-}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)
about="Bartizan's agent: collects logs and sends them to a manager"
source=$root/targets/package
packages=$target_dir/packages
# The time of all files; any that does not change.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$packages"

# put MODE FILE PATH-IN-PACKAGE
put() {
  install -D -m "$1" "$2" "$work/root$3"
}

# A tar of a folder, compressed, that depends on nothing but its files.
reproducible_tar() {
  tar --sort=name --format=gnu --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -C "$1" -cf - "$2" | gzip -9n
}

kilobytes() {
  du -sk --apparent-size "$work/root" | cut -f1
}

ipk() {
  put 755 "$agent" /usr/sbin/bartizan-agent
  put 755 "$source/openwrt/bartizan-agent.init" /etc/init.d/bartizan-agent
  put 644 "$source/openwrt/agent.conf" /etc/bartizan/agent.conf
  put 644 "$source/openwrt/acl.json" /usr/share/acl.d/bartizan-agent.json
  # Key and configuration outlive a new firmware.
  mkdir -p "$work/root/lib/upgrade/keep.d"
  echo /etc/bartizan/ >"$work/root/lib/upgrade/keep.d/bartizan-agent"
  local name bytes
  bytes=$(du -sb --apparent-size "$work/root" | cut -f1)
  for name in $openwrt; do
    rm -rf "$work/control" "$work/ipk"
    mkdir "$work/control" "$work/ipk"
    install -m 755 "$source/openwrt/postinst" "$source/openwrt/prerm" "$work/control"
    echo /etc/bartizan/agent.conf >"$work/control/conffiles"
    cat >"$work/control/control" <<CONTROL
Package: bartizan-agent
Version: $version-1
Section: net
Architecture: $name
Installed-Size: $bytes
Require-User: bartizan:bartizan
License: Apache-2.0 OR MIT
Description: $about
CONTROL
    echo 2.0 >"$work/ipk/debian-binary"
    reproducible_tar "$work/control" . >"$work/ipk/control.tar.gz"
    reproducible_tar "$work/root" . >"$work/ipk/data.tar.gz"
    reproducible_tar "$work/ipk" . >"$packages/bartizan-agent_$version-1_$name.ipk"
    echo "$packages/bartizan-agent_$version-1_$name.ipk"
  done
}

# deb_of PACKAGE ARCHITECTURE DEPENDS DESCRIPTION
# The folders in $owned will be the service's own; what is in $state goes when
# the package is purged.
deb_of() {
  local package=$1 script
  put 644 "$source/systemd/$package.service" "/usr/lib/systemd/system/$package.service"
  put 644 "$source/debian/copyright" "/usr/share/doc/$package/copyright"
  mkdir -m 755 "$work/root/DEBIAN"
  (cd "$work/root" && find etc -type f -printf '/%p\n' | sort) >"$work/root/DEBIAN/conffiles"
  (cd "$work/root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$work/root/DEBIAN/md5sums"
  for script in postinst prerm postrm; do
    sed -e "s|@PACKAGE@|$package|g" -e "s|@OWNED@|$owned|" -e "s|@STATE@|$state|" \
      "$source/debian/$script" >"$work/root/DEBIAN/$script"
    chmod 755 "$work/root/DEBIAN/$script"
  done
  cat >"$work/root/DEBIAN/control" <<CONTROL
Package: $package
Version: $version-1
Architecture: $2
Maintainer: Bartizan <bartizan@localhost>
Installed-Size: $(kilobytes)
Depends: $3
Section: admin
Priority: optional
Description: $4
CONTROL
  chmod 644 "$work/root/DEBIAN/"{control,conffiles,md5sums}
  find "$work/root" -type d -exec chmod 755 {} +
  find "$work/root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$work/root" "$packages/${package}_$version-1_$2.deb" >/dev/null
  echo "$packages/${package}_$version-1_$2.deb"
}

deb() {
  [ -n "$deb" ] || { echo "Debian has no ports to $target any more; take the tar" >&2; exit 1; }
  put 755 "$agent" /usr/bin/bartizan-agent
  put 644 "$source/debian/bartizan-agent.default" /etc/default/bartizan-agent
  put 644 "$source/agent.conf.example" /usr/share/doc/bartizan-agent/agent.conf.example
  local owned=/etc/bartizan/pushed
  local state="$owned /etc/bartizan/agent.key /etc/bartizan/agent.conf /var/lib/bartizan-agent"
  deb_of bartizan-agent "$deb" "passwd, init-system-helpers" "$about
 It runs as a user of its own, with just the rights to read logs, and keeps
 nothing but its key. It needs a manager: package bartizan, on one machine."
}

manager() {
  local program=${BARTIZAN_MANAGER:-$target_dir/dist/bartizan} libc
  local owned=/var/lib/bartizan state=/var/lib/bartizan
  [ -x "$program" ] || { echo "there is no $program: first cargo build --profile dist" >&2; exit 1; }
  # The newest symbols of the C library that it asks for say which one it needs.
  libc=$(objdump -T "$program" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -1)
  put 755 "$program" /usr/bin/bartizan
  strip --strip-unneeded "$work/root/usr/bin/bartizan"
  put 644 "$source/debian/bartizan.default" /etc/default/bartizan
  deb_of bartizan "$(dpkg --print-architecture)" "libc6 (>= ${libc#GLIBC_}), libgcc-s1, passwd, init-system-helpers" \
    "Bartizan's manager: host intrusion detection
 It understands the logs of this machine and of those with an agent by the
 decoders and rules of OSSEC, and raises alerts."
}

tarball() {
  local name=bartizan-agent-$version-$target file
  mkdir "$work/$name"
  install -m 755 "$agent" "$source/tarball/install.sh" "$source/openwrt/bartizan-agent.init" "$work/$name"
  install -m 644 "$source/agent.conf.example" "$source/openwrt/acl.json" "$source/systemd/bartizan-agent.service" "$work/$name"
  install -m 644 "$source/openwrt/agent.conf" "$work/$name/openwrt.conf"
  file=$packages/$name.tar.gz
  reproducible_tar "$work" "$name" >"$file"
  echo "$file"
}

case $kind in
  ipk | deb | tar)
    read_target "${2:-}"
    agent=${BARTIZAN_AGENT:-$target_dir/agents/$target/bartizan-agent}
    [ -x "$agent" ] || { echo "there is no $agent: first targets/build.sh $target" >&2; exit 1; }
    if [ "$kind" = tar ]; then tarball; else "$kind"; fi
    ;;
  manager) manager ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
