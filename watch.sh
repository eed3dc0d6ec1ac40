#!/usr/bin/env bash
# Sorts every picture that arrives in INBOX into OUT, as soon as it is complete, until it is stopped.
#
#   bash watch.sh [TF_FILES] INBOX OUT [options]     bash watch.sh --help
set -euo pipefail
root=$(readlink -f "${BASH_SOURCE[0]}")
root=${root%/*}
# shellcheck source=src/launch.sh
. "$root/src/launch.sh"

read_arguments "$@"
! wants_help || launch watch --help
case ${#paths[@]} in
  2) paths=("$root/tf_files" "${paths[@]}") ;;
  3) ;;
  *) stop 2 "It takes two or three folders, [TF_FILES] INBOX OUT, and got ${#paths[@]}. Options stand behind them." ;;
esac

folder "${paths[0]}" "that holds model.onnx"
tf_files=$REPLY
folder "${paths[1]}" "that pictures will arrive in"
inbox=$REPLY
output_folder "${paths[2]}" "$inbox"
out=$REPLY
share_tf_files "$tf_files" ro
if has_option --copy; then share "$inbox" ro; else share "$inbox" rw; fi # an inbox is there to be emptied
share "$out" rw
# `docker ps` shows whether the watcher is well, and `docker stop` waits for the file in hand.
engine_options=(--env "PIGEONHOLE_OUT=$out" --health-cmd "pigeonhole health" --health-interval 10s
  --health-timeout 10s --health-retries 2 --health-start-period 20s --stop-timeout 20)
launch watch "$tf_files" "$inbox" "$out" ${options[@]+"${options[@]}"}
