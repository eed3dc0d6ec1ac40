#!/usr/bin/env bash
# Lists what was sorted into OUT: every file with its guess, its place and its state.
#
#   bash log.sh OUT [options]     bash log.sh --help
#
# Always from .venv: the pictures may have come from anywhere, and a container would have to be shown all of it.
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch_here classify log --help
((${#paths[@]} == 1)) || stop 2 "It takes one folder, OUT, and got ${#paths[@]}. Options stand behind it."

folder "${paths[0]}" "that pictures were sorted into"
launch_here classify log "$REPLY" ${options[@]+"${options[@]}"}
