"""The benchmarks follow the code that they measure."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
SCRIPTS = sorted(path.name for path in BENCHMARKS.glob("*.py") if 'if __name__ == "__main__"' in path.read_text())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_can_be_started(script: str) -> None:
    command = [sys.executable, str(BENCHMARKS / script), "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "usage: " in result.stdout


def test_every_benchmark_stands_in_the_readme() -> None:
    readme = (BENCHMARKS / "README.md").read_text()
    assert [script for script in SCRIPTS if script not in readme] == []
