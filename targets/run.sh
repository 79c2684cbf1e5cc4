#!/usr/bin/env bash
# Runs a program of another CPU here, on the least CPU of its kind:
#
#   targets/run.sh TARGET PROGRAM [ARGUMENT...]
#
# What this machine runs itself it runs itself.
set -euo pipefail
. "$(dirname "$0")/toolchain.sh"
read_target "${1:-}"
shift
[ "$(uname -m)" = "$qemu" ] && exec "$@"
exec "qemu-$qemu-static" -cpu "$qemu_cpu" "$@"
