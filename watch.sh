#!/usr/bin/env bash
# Watches INBOX: every picture that arrives there goes to OUT as <category>-<score>.<ext>, until Ctrl-C.
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
folder "${paths[1]}" "to be watched"
inbox=$REPLY
output_folder "${paths[2]}" "$inbox"
out=$REPLY
share_tf_files "$tf_files" ro
# An inbox is there to be emptied.
if has_option --copy; then share "$inbox" ro; else share "$inbox" rw; fi
[[ ! -d $out ]] || share "$out" rw
# A path in a variable, because an engine hands the check to a shell. `docker stop` gives it time for the files in hand.
job_options=(
  --env "PIGEONHOLE_OUT=$out"
  --health-cmd "pigeonhole health" --health-interval 10s --health-timeout 10s --health-retries 1
  --health-start-period 30s
  --stop-timeout 20
)
launch watch "$tf_files" "$inbox" "$out" ${options[@]+"${options[@]}"}
