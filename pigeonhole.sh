#!/usr/bin/env bash
# Every command of pigeonhole that has no script of its own, and those that have one, too.
#
#   bash pigeonhole.sh                        the list of commands
#   bash pigeonhole.sh COMMAND [options]      bash pigeonhole.sh COMMAND --help
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"

case ${1-} in
  '' | help | -h | --help) list_commands ;;
  --version) sed -n 's/^__version__ = "\(.*\)"$/pigeonhole, version \1/p' "$root/src/pigeonhole/__init__.py" ;;
  *) launch "$@" ;;
esac
