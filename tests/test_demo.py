"""The first thing that many will run, on a machine that has the packages and nothing else: no weights, no network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALONE = ("unshare", "--map-root-user", "--net")  # a network namespace of its own, in which there is no network


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=240, env={**os.environ, **environment}
    )


@pytest.fixture
def alone() -> tuple[str, ...]:
    """What a command is started with to have no network."""
    if shutil.which(ALONE[0]) is None:
        pytest.skip("needs unshare, to take the network away")
    if run(*ALONE, "true").returncode:
        pytest.skip("needs a kernel that lets anyone make a namespace, to take the network away")
    return ALONE


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A checkout whose .venv is ready: it leads to the Python that runs this test."""
    root = tmp_path / "pigeon hole"
    root.mkdir()
    for path in (*ROOT.glob("*.sh"), ROOT / "pyproject.toml"):
        shutil.copy(path, root)
    for folder in ("src", "tools"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/usr/bin/env bash\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    checksum = run("bash", "-c", '{ cat "$0/pyproject.toml" && printf %s "$0"; } | cksum', str(root)).stdout.split()[0]
    (root / ".venv" / "ready").write_text(f"{checksum} train cpu\n")
    return root


def test_the_demo_needs_no_network(installed: Path, alone: tuple[str, ...]) -> None:
    result = run(
        *alone,
        *("bash", str(installed / "demo.sh")),
        PIGEONHOLE_RUNTIME="local",
        PIGEONHOLE_GPU="0",
    )
    assert result.returncode == 0, result.stderr
    assert "Backbone: builtin (set with --backbone)." in result.stderr
    assert "Learning from 120 pictures in 3 categories." in result.stderr
    assert "24 seen = 24 sorted" in result.stderr
    sorted_as = {path.name.split("-")[0] for path in (installed / "demo" / "out").iterdir() if path.suffix == ".jpg"}
    assert {"mila", "nora", "tess"} <= sorted_as


def test_there_really_is_no_network_in_it(alone: tuple[str, ...]) -> None:
    ask = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    assert "unreachable" in run(*alone, sys.executable, "-c", ask).stderr
