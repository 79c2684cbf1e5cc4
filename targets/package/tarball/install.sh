#!/bin/sh
# Installs Bartizan's agent on a machine with systemd or with OpenWrt's procd:
#
#   ./install.sh [--root DIR]             installs; a configuration that is there stays
#   ./install.sh --remove [--root DIR]    removes all but /etc/bartizan
#
# With --root the files go below DIR, and nothing is started.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root='' remove=''
while [ $# -gt 0 ]; do
  case $1 in
    --root) root=${2:?--root needs a folder}; shift 2 ;;
    --remove) remove=yes; shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

if [ -f "$root/etc/rc.common" ]; then
  init=procd program=/usr/sbin/bartizan-agent service=/etc/init.d/bartizan-agent user=bartizan
elif [ -d "$root/etc/systemd" ]; then
  init=systemd program=/usr/bin/bartizan-agent service=/etc/systemd/system/bartizan-agent.service user=bartizan-agent
else
  echo "there is neither systemd nor procd here: only the program is installed" >&2
  init=none program=/usr/bin/bartizan-agent service='' user=''
fi

# Runs a command, unless this is an installation below a folder.
here_only() {
  [ -n "$root" ] || "$@"
}

# put MODE FILE PATH: in one step, so that a running program may be replaced.
put() {
  mkdir -p "$root$(dirname "$3")"
  cp "$here/$2" "$root$3.new"
  chmod "$1" "$root$3.new"
  mv "$root$3.new" "$root$3"
}

if [ -n "$remove" ]; then
  case $init in
    procd) here_only "$service" stop || true; here_only "$service" disable || true ;;
    systemd) here_only systemctl disable --now bartizan-agent || true ;;
  esac
  rm -f "$root$program" ${service:+"$root$service"} "$root/usr/share/acl.d/bartizan-agent.json"
  [ $init != systemd ] || here_only systemctl daemon-reload || true
  echo "removed; /etc/bartizan stays"
  exit 0
fi

put 755 bartizan-agent "$program"
mkdir -p "$root/etc/bartizan/pushed"
chmod 700 "$root/etc/bartizan/pushed"
case $init in
  procd)
    [ -e "$root/etc/bartizan/agent.conf" ] || put 644 openwrt.conf /etc/bartizan/agent.conf
    put 755 bartizan-agent.init "$service"
    put 644 acl.json /usr/share/acl.d/bartizan-agent.json
    if ! grep -q "^$user:" "$root/etc/passwd"; then
      echo "$user:x:7514:" >>"$root/etc/group"
      echo "$user:x:7514:7514:Bartizan's agent:/var:/bin/false" >>"$root/etc/passwd"
    fi
    here_only "$service" enable
    ;;
  systemd)
    put 644 bartizan-agent.service "$service"
    if ! grep -q "^$user:" "$root/etc/passwd"; then
      useradd ${root:+--prefix "$root"} --system --user-group --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
    fi
    owner=$(sed -n "s/^$user:[^:]*:\([0-9]*\):\([0-9]*\):.*/\1:\2/p" "$root/etc/passwd")
    chown "$owner" "$root/etc/bartizan/pushed"
    here_only systemctl daemon-reload
    here_only systemctl enable bartizan-agent
    ;;
esac

echo "installed. What is watched: the usual logs, or what /etc/bartizan/agent.conf names."
echo "Next: on the manager \`bartizan agents add NAME\`, and here"
echo "  bartizan-agent enrol TOKEN"
case $init in
  procd) echo "  $service start" ;;
  systemd) echo "  systemctl start bartizan-agent" ;;
  none) echo "  bartizan-agent run" ;;
esac
