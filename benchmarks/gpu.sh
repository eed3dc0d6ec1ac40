#!/usr/bin/env bash
# What a GPU and many cores bring: measured in stages, each of which costs no other where it fails.
#
#   benchmarks/gpu.sh [--small] [--out FOLDER] [STAGE ...]
#
# Stages: about pictures model decoding folders peers finetuning loss scaling, which take about six minutes and are run
# if none is named, and train.
# FOLDER, by default gpu-results, gets gpu.json, gpu.md and gpu.log after every stage, and a stage that is run again
# replaces its own figures. With --small everything runs on the CPU, on few pictures: does it work?
#
# It needs Python with torch and torchvision (PYTHON names it, python3 otherwise) and finds what tools/gpu/unpack has
# put into /tmp/pigeonhole-gpu (UNPACKED names another place). Pictures are made in memory (/dev/shm, or WORK).
set -uo pipefail
root=$(readlink -f "${BASH_SOURCE[0]%/*}/..")
export SMALL='' OUT_FOLDER=$root/gpu-results
stages=()
while (($#)); do
  case $1 in
    --small) SMALL=1 ;;
    --out) OUT_FOLDER=$2; shift ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    *) stages+=("$1") ;;
  esac
  shift
done
declare -A limit=([about]=30 [pictures]=90 [model]=100 [decoding]=60 [folders]=140 [peers]=120 [finetuning]=70 [loss]=90
  [scaling]=120 [train]=125) # seconds
((${#stages[@]})) || stages=(about pictures model decoding folders peers finetuning loss scaling)
for stage in "${stages[@]}"; do
  [[ ${limit[$stage]:-} ]] || { echo "There is no stage $stage." >&2; exit 2; }
done

python=${PYTHON:-python3} log=$OUT_FOLDER/gpu.log failed=0
export UNPACKED=${UNPACKED:-/tmp/pigeonhole-gpu} PYTHONUNBUFFERED=1
# The sources before what was unpacked: a mistake in them can be mended without packing anew.
export PYTHONPATH=$root/src:$root/benchmarks:$UNPACKED/site${PYTHONPATH:+:$PYTHONPATH}
# onnxruntime looks for CUDA beside itself, where it is not: it was unpacked elsewhere.
libraries=$("$python" -c 'import glob, nvidia
print(*(folder for place in nvidia.__path__ for folder in glob.glob(place + "/*/lib")), sep=":")' 2>/dev/null) || true
export LD_LIBRARY_PATH=${libraries:+$libraries:}${LD_LIBRARY_PATH:-}
patience=1
[[ -z $SMALL ]] || { patience=10; export CUDA_VISIBLE_DEVICES=''; } # a busy CPU may take its time
mkdir -p "$OUT_FOLDER/stages"
for stage in "${stages[@]}"; do
  printf '== %s\n' "$stage" | tee -a "$log"
  rm -f "$OUT_FOLDER/stages/$stage.json"
  began=$SECONDS
  timeout --kill-after=5 "$((limit[$stage] * patience))" "$python" "$root/benchmarks/gpu/$stage.py" 2>&1 </dev/null | tee -a "$log"
  code=${PIPESTATUS[0]}
  ((code == 0)) || failed=1
  printf '== %s ended with %s after %s s\n' "$stage" "$code" "$((SECONDS - began))" | tee -a "$log"
  "$python" "$root/benchmarks/gpu/table.py" 2>&1 | tee -a "$log"
done
exit $failed
