#!/usr/bin/env bash
# Sets up .venv with everything and checks the project: style, types, scripts, then the tests.
#
#   bash test.sh [pytest options]     e.g. --real, which adds minutes of real networks, --long, which adds an hour of
#                                     them; -n 0 for one process
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"

environment dev
cd "$root"
bin=$venv/bin
unset PYTHONDONTWRITEBYTECODE # the tests start a thousand processes, and each would compile the package anew

"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/lint-imports" --no-cache
"$bin/hadolint" Dockerfile
said=$(mktemp -d)
"$bin/mypy" >"$said/types" 2>&1 & # half a minute of one processor, beside the tests
mypy=$!
"$bin/shellcheck" -x ./*.sh src/*.sh tools/*.sh tools/gpu/pack tools/gpu/unpack benchmarks/gpu.sh .ci/run >"$said/scripts" 2>&1 &
shellcheck=$!
trap 'kill "$mypy" "$shellcheck" 2>/dev/null || :; rm -rf "$said"' EXIT
failed=0
"$bin/python" -m pytest -n auto --dist loadfile --no-loadscope-reorder "$@" || failed=$?
wait "$mypy" || failed=$?
wait "$shellcheck" || failed=$?
cat "$said/types" "$said/scripts"
exit "$failed"
