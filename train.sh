#!/usr/bin/env bash
# Learns from TF_FILES/data/<category>/ and writes TF_FILES/model.onnx.
#
#   bash train.sh [TF_FILES] [options]     bash train.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch train --help
((${#paths[@]} < 2)) || stop 2 "It takes one folder, [TF_FILES], and got ${#paths[@]}. Options stand behind it."

folder "${paths[0]-$root/tf_files}" "that holds data/<category>/"
tf_files=$REPLY
share_tf_files "$tf_files" rw
file_option --weights ro
launch train "$tf_files" ${options[@]+"${options[@]}"}
