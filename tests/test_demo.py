"""The first thing that many will run, and then what the README shows: each of its commands, with what it prints."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from watching import HANGS, wait_until

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SHOWN_ROOT = "/home/me/pigeonhole"  # where the README says that the checkout is
ALONE = ("unshare", "--map-root-user", "--net")  # a network namespace of its own, in which there is no network
LOCAL = {**os.environ, "PIGEONHOLE_RUNTIME": "local", "PIGEONHOLE_GPU": "0"}


def run(*command: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANGS, env=LOCAL, cwd=cwd)


def can_be_alone() -> bool:
    return shutil.which(ALONE[0]) is not None and run(*ALONE, "true").returncode == 0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose .venv is ready: it leads to the Python that runs this test."""
    root = tmp_path_factory.mktemp("user") / "pigeon hole"
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


@pytest.fixture(scope="module")
def demo(checkout: Path) -> "subprocess.CompletedProcess[str]":
    """What `bash demo.sh` said, without a network where one can be taken away."""
    return run(*(ALONE if can_be_alone() else ()), "bash", str(checkout / "demo.sh"))


def test_the_demo_needs_no_network(checkout: Path, demo: "subprocess.CompletedProcess[str]") -> None:
    assert demo.returncode == 0, demo.stderr
    assert "Backbone: builtin (set with --backbone)." in demo.stderr
    assert "Learning from 120 pictures in 3 categories." in demo.stderr
    assert "24 seen = 24 sorted" in demo.stderr
    names = [path.name for path in (checkout / "demo" / "out").iterdir() if path.suffix == ".jpg"]
    assert {name.split("-")[0] for name in names} >= {"mila", "nora", "tess"}
    if not can_be_alone():
        pytest.skip("it worked, but here the network cannot be taken away: that needs unshare")
    ask = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    assert "unreachable" in run(*ALONE, sys.executable, "-c", ask).stderr


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the README behind `$ `, with the lines below it."""
    found: list[tuple[str, list[str]]] = []
    for line in README.splitlines():
        if line.startswith("    $ "):
            found.append((line.removeprefix("    $ "), []))
        elif line.startswith("    ") and found:
            found[-1][1].append(line[4:])
        elif found and found[-1][0]:
            found.append(("", []))  # the end of a block
    return [(command, lines) for command, lines in found if command]


def test_the_commands_of_the_readme_print_what_it_shows(
    checkout: Path, demo: "subprocess.CompletedProcess[str]"
) -> None:
    assert len(commands()) >= 5
    for command, expected in commands():
        printed = watched(command, checkout) if " watch.sh " in command else typed(command, checkout)
        assert is_shown(printed, expected), f"$ {command}\n" + "\n".join(printed)


def typed(command: str, checkout: Path) -> list[str]:
    result = subprocess.run(
        ["bash", "-c", command], cwd=checkout, env=LOCAL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=HANGS,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    return lines_of(result.stdout)


def watched(command: str, checkout: Path) -> list[str]:
    """The same for what only ends by Ctrl-C, here after everything in its inbox is sorted."""
    *_, inbox, out = command.split()
    waiting = len(list((checkout / inbox).iterdir()))
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=checkout, env=LOCAL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_until(lambda: len(list((checkout / out).glob("*.jpg"))) == waiting, "sorting everything")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=HANGS)
    finally:
        process.kill()
    assert process.returncode == 0, said
    return lines_of(said)


def lines_of(said: str) -> list[str]:
    """What was printed, without the line that says that there is no container, which the README leaves out."""
    return [line for line in said.splitlines() if "Running from .venv instead of a container" not in line]


def is_shown(printed: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether the README's lines are those that were printed: `…` is any number of them, figures may differ."""
    if not expected:
        return not printed
    first, *rest = expected
    if first == "…":
        return any(is_shown(printed[start:], rest) for start in range(len(printed) + 1))
    return bool(printed) and plain(printed[0]) == plain(first) and is_shown(printed[1:], rest)


def plain(line: str) -> str:
    line = re.sub(r"\S*/pigeon hole/|" + SHOWN_ROOT + "/", "", line)
    if " -> " in line:  # which picture is the first, the file system decides
        line = re.sub(r"mila|nora|tess", "someone", line)
    return re.sub(r"\d+(\.\d+)?", "0", line)


def test_the_python_lines_of_the_readme_print_what_it_says(
    checkout: Path, demo: "subprocess.CompletedProcess[str]"
) -> None:
    start = README.index("    from pigeonhole import")
    lines = [line[4:] for line in README[start:].split("\n\n")[0].splitlines()]
    result = run(sys.executable, "-c", "\n".join(lines), cwd=checkout)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() == lines[-1].partition("  # ")[2]
