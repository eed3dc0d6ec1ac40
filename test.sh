#!/usr/bin/env bash
# Sets up .venv with everything and checks the project: style, types, scripts, then the tests.
#
#   bash test.sh [pytest options]     e.g. --long, which adds minutes of real networks; -n 0 for one process
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"

environment dev
cd "$root"
bin=$venv/bin

"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/lint-imports" --no-cache
"$bin/hadolint" Dockerfile
"$bin/mypy" & # half a minute of one processor, beside what follows
types=$!
"$bin/shellcheck" -x ./*.sh src/*.sh tools/*.sh tools/gpu/pack tools/gpu/unpack benchmarks/gpu.sh .ci/run
failed=0
"$bin/python" -m pytest -n auto --dist loadfile --no-loadscope-reorder "$@" || failed=$?
wait "$types"
exit "$failed"
