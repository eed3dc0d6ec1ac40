#!/usr/bin/env bash
# Sorts every picture of IN into OUT as <category>-<score>.<ext>; nothing is ever overwritten.
#
#   bash guessDir.sh [TF_FILES] IN OUT [options]     bash guessDir.sh --help
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"
launch guess-dir "$@"
