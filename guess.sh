#!/usr/bin/env bash
# Says what is on pictures, every category with its score, best first.
#
#   bash guess.sh [TF_FILES] IMAGE... [options]     bash guess.sh --help
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"
launch guess "$@"
