#!/usr/bin/env bash
# Says what is on pictures, every category with its score, best first.
#
#   bash guess.sh [TF_FILES] IMAGE... [options]     bash guess.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch guess --help
tf_files=$root/tf_files
if [[ -d ${paths[0]-} ]]; then
  tf_files=${paths[0]}
  paths=("${paths[@]:1}")
fi
((${#paths[@]})) || stop 2 "It takes pictures, [TF_FILES] IMAGE..., and got none. Options stand behind them; for a folder of pictures there is guessDir.sh."

pictures=()
for path in "${paths[@]}"; do
  picture "$path"
  pictures+=("$REPLY")
done
folder "$tf_files" "that holds model.onnx"
tf_files=$REPLY
share_tf_files "$tf_files" ro
for path in "${pictures[@]}"; do
  # Each mount takes the engine time: beyond a hundred pictures it is shown the folders that they lie in.
  ((${#pictures[@]} <= 100)) || [[ -L $path ]] || path=${path%/*}
  share "${path:-/}" ro
done
file_option --heat-map new
launch guess "$tf_files" "${pictures[@]}" ${options[@]+"${options[@]}"}
