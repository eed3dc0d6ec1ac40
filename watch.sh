#!/usr/bin/env bash
# Watches INBOX: every picture that arrives there goes to OUT as <category>-<score>.<ext>, until Ctrl-C.
#
#   bash watch.sh [TF_FILES] INBOX OUT [options]     bash watch.sh --help
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"
launch watch "$@"
