#!/usr/bin/env bash
# Shows pages in the browser on which pictures are recognised, reviewed and sorted into categories, until Ctrl-C.
#
#   bash web.sh [TF_FILES] [FOLDER]... [options]     bash web.sh --help
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"
launch web "$@"
