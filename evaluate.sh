#!/usr/bin/env bash
# Says how good the model is on pictures whose categories are known: FOLDER/<category>/<picture>.
#
#   bash evaluate.sh [TF_FILES] FOLDER [options]     bash evaluate.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch evaluate --help
case ${#paths[@]} in
  1) paths=("$root/tf_files" "${paths[@]}") ;;
  2) ;;
  *) stop 2 "It takes one or two folders, [TF_FILES] FOLDER, and got ${#paths[@]}. Options stand behind them." ;;
esac

folder "${paths[0]}" "that holds model.onnx"
tf_files=$REPLY
folder "${paths[1]}" "that holds a folder of pictures for each category"
pictures=$REPLY
share_tf_files "$tf_files" ro
if ! has_option --no-report && ! has_option --help && ! has_option -h; then
  # As the caller: the container would make it as root, or refuse to start.
  mkdir -p "$tf_files/report" 2>/dev/null || stop 5 "The folder report cannot be made in $tf_files. Check its permissions, or leave the report out with --no-report."
  share "$tf_files/report" rw
fi
share "$pictures" ro
launch evaluate "$tf_files" "$pictures" ${options[@]+"${options[@]}"}
