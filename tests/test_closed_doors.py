"""Folders that may not be entered and disks that do not answer end every command with a sentence, not a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import faults
from commands import called
from models import write_colour_model
from trees import RED, tree, write_pictures
from watching import OBEDIENTLY

TIMEOUT = 300  # seconds, for what hangs
COMMANDS = {
    "guess": ("{tf}", "{in}/a.png"),
    "guess-dir": ("{tf}", "{in}", "{out}"),
    "guess-dir --move": ("{tf}", "{in}", "{out}"),
    "guess-dir --dry-run": ("{tf}", "{in}", "{out}"),
    "watch": ("{tf}", "{in}", "{out}"),
    "undo": ("{out}",),
    "log": ("{out}",),
    "health": ("{out}",),
    "evaluate --no-report": ("{tf}", "{in}"),
    "train": ("{tf}",),
    "check": ("{tf}",),
    "crop-borders": ("{in}", "{out}"),
}
CLOSED = ("in", "out", "tf", "out/.pigeonhole", ".")


class Place:
    """A model, two pictures of which one has been sorted, and the arguments of every command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_colour_model(folder / "tf")
        write_pictures(folder / "tf" / "data", {"a/1.png": RED, "b/2.png": RED})
        write_pictures(folder / "in", {"a.png": RED})
        assert called("guess-dir", folder / "tf", folder / "in", folder / "out").returncode == 0

    def arguments(self, command: str) -> list[str]:
        places = {name: str(self.folder / name) for name in ("tf", "in", "out")}
        return [*command.split(), *(argument.format(**places) for argument in COMMANDS[command])]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "place").mkdir()
    return Place(tmp_path / "place")


def ended(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The result of a command that ends by itself."""
    return subprocess.run(
        [*map(str, command)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
        check=False,
    )


def assert_is_a_sentence(result: subprocess.CompletedProcess[str], what: object) -> None:
    assert "Traceback" not in result.stderr + result.stdout, (what, result.stderr)
    assert result.returncode in (1, 2, 3, 4, 5), (what, result)
    assert result.stderr.strip() or result.stdout.strip(), what


@pytest.mark.parametrize("closed", CLOSED)
def test_a_folder_without_permissions_is_named_by_every_command(place: Place, closed: str) -> None:
    before = tree(place.folder)
    folder = place.folder / closed
    mode = folder.stat().st_mode
    unaffected = {"in": ("undo", "log", "health", "train", "check"), "tf": ("undo", "log", "health", "crop-borders")}
    for command in COMMANDS:
        if closed.startswith("out") and command in ("guess", "evaluate --no-report", "train", "check"):
            continue
        if command in unaffected.get(closed, ()):
            continue
        folder.chmod(0)
        try:
            result = ended(*OBEDIENTLY, sys.executable, "-m", "pigeonhole", *place.arguments(command))
        finally:
            folder.chmod(mode)
        assert_is_a_sentence(result, (command, closed))
    assert tree(place.folder) == before


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return faults.built(tmp_path_factory.mktemp("library"))
    except faults.NoCompilerError as error:
        pytest.skip(str(error))


# From the call of this number on, every call about the two folders fails.
_ON_A_FAILING_DISK = """
import ctypes, os, sys
library = ctypes.CDLL(os.environ["LD_PRELOAD"])
library.faults_plain(0)
library.faults_only(b"")
first, error, source, out, *arguments = sys.argv[1:]
import pigeonhole.cli
sys.argv[1:] = arguments
calls = ctypes.c_long(int(first)), ctypes.c_long(10**6)
library.faults_arm(os.fsencode(source), os.fsencode(out), *calls, int(error), 0)
pigeonhole.cli.main()
"""


@pytest.mark.parametrize("error", ["EIO", "ESTALE"])
def test_a_disk_that_does_not_answer_ends_every_command_with_a_sentence(
    place: Place, library: Path, error: str
) -> None:
    before = tree(place.folder)
    for number, command in enumerate(("guess", "guess-dir", "guess-dir --dry-run", "undo", "log", "crop-borders")):
        first = 1 + 2 * (number % 3) + (error == "EIO")
        result = ended(
            *(sys.executable, "-c", _ON_A_FAILING_DISK, str(first), str(getattr(errno, error))),
            *(str(place.folder / "in"), str(place.folder / "out"), *place.arguments(command)),
            LD_PRELOAD=str(library),
        )
        assert "Traceback" not in result.stderr + result.stdout, (command, first, result.stderr)
        assert result.returncode in range(6), (command, first, result)
    assert tree(place.folder / "in") == {name[3:]: digest for name, digest in before.items() if name.startswith("in/")}
