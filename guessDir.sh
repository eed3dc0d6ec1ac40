#!/usr/bin/env bash
# Sorts every picture of IN into OUT as <category>-<score>.<ext>; nothing is ever overwritten.
#
#   bash guessDir.sh [TF_FILES] IN OUT [options]     bash guessDir.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch guess-dir --help
case ${#paths[@]} in
  2) paths=("$root/tf_files" "${paths[@]}") ;;
  3) ;;
  *) stop 2 "It takes two or three folders, [TF_FILES] IN OUT, and got ${#paths[@]}. Options stand behind them." ;;
esac

folder "${paths[0]}" "that holds model.onnx"
tf_files=$REPLY
folder "${paths[1]}" "that holds the pictures"
in=$REPLY
output_folder "${paths[2]}" "$in"
out=$REPLY
share_tf_files "$tf_files" ro
if has_option --move; then share "$in" rw; else share "$in" ro; fi
[[ ! -d $out ]] || share "$out" rw
launch guess-dir "$tf_files" "$in" "$out" ${options[@]+"${options[@]}"}
