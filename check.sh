#!/usr/bin/env bash
# Looks for what is wrong with the pictures in TF_FILES/data: damaged ones, copies, wrong labels, leaks.
#
#   bash check.sh [TF_FILES] [options]     bash check.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch check --help
((${#paths[@]} < 2)) || stop 2 "It takes one folder, [TF_FILES], and got ${#paths[@]}. Options stand behind it."

folder "${paths[0]-$root/tf_files}" "that holds data/<category>/"
tf_files=$REPLY
share_tf_files "$tf_files" rw
file_option --weights ro
file_option --apply ro
file_option --moves new
launch check "$tf_files" ${options[@]+"${options[@]}"}
