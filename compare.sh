#!/usr/bin/env bash
# Tries several recipes and networks on the pictures in TF_FILES/data, all on one split, and says which is best.
#
#   bash compare.sh [TF_FILES] [options]     bash compare.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch compare --help
((${#paths[@]} < 2)) || stop 2 "It takes one folder, [TF_FILES], and got ${#paths[@]}. Options stand behind it."

folder "${paths[0]-$root/tf_files}" "that holds data/<category>/"
tf_files=$REPLY
share_tf_files "$tf_files" rw
launch compare "$tf_files" ${options[@]+"${options[@]}"}
