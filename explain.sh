#!/usr/bin/env bash
# Draws where the network looks in a picture, as OUT.png.
#
#   bash explain.sh [TF_FILES] IMAGE OUT.png [options]     bash explain.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch explain --help
case ${#paths[@]} in
  2) paths=("$root/tf_files" "${paths[@]}") ;;
  3) ;;
  *) stop 2 "It takes [TF_FILES] IMAGE OUT.png, and got ${#paths[@]} names. Options stand behind them." ;;
esac

folder "${paths[0]}" "that holds model.onnx"
tf_files=$REPLY
picture "${paths[1]}"
image=$REPLY
share_tf_files "$tf_files" ro
share "$image" ro
new_file "${paths[2]}"
launch explain "$tf_files" "$image" "$REPLY" ${options[@]+"${options[@]}"}
