#!/usr/bin/env bash
# Lets TF_FILES/model.onnx calculate in 8 bits, where that is faster and its answers stay.
#
#   bash quantize.sh [TF_FILES] [options]     bash quantize.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch quantize --help
((${#paths[@]} < 2)) || stop 2 "It takes one folder, [TF_FILES], and got ${#paths[@]}. Options stand behind it."

folder "${paths[0]-$root/tf_files}" "that holds data/<category>/ and model.onnx"
tf_files=$REPLY
share_tf_files "$tf_files" rw
launch quantize "$tf_files" ${options[@]+"${options[@]}"}
