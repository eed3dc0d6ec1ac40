"""The benchmarks follow the code that they measure."""

import subprocess
import sys
from pathlib import Path

import pytest

from commands import TIMEOUT

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SCRIPTS = sorted(path.name for path in BENCHMARKS.glob("*.py") if 'if __name__ == "__main__"' in path.read_text())

# Each in a process of its own, which finds imported already what takes longest, and does not clear up after it.
IN_FORKS = """
import os, runpy, sys
import sklearn.metrics, torch, torchvision
for script in sys.argv[1:]:
    if (child := os.fork()) == 0:
        sys.argv = [script, "--help"]
        sys.path.insert(0, os.path.dirname(script))
        code = "it does not end at --help"
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        os._exit(0 if code in (0, None) else 1)
    if os.waitpid(child, 0)[1]:
        sys.exit(script)
"""


@pytest.mark.real("starts every benchmark")
def test_every_benchmark_can_be_started() -> None:
    command = [sys.executable, "-c", IN_FORKS, *(str(BENCHMARKS / script) for script in SCRIPTS)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("usage: ") == len(SCRIPTS) > 10


def test_every_benchmark_stands_in_the_readme() -> None:
    readme = (BENCHMARKS / "README.md").read_text()
    assert [script for script in SCRIPTS if script not in readme] == []
