#!/usr/bin/env bash
# Learns from TF_FILES/data/<category>/ and writes TF_FILES/model.onnx.
#
#   bash train.sh [TF_FILES] [options]     bash train.sh --help
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"
launch train "$@"
