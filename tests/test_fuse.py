"""Sorting on a FUSE file system, where the kernel tells for a while what it was told before."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import called
from disks import fused
from models import colour_model
from trees import tree, write_pictures

REMEMBERED = 10.0  # seconds, in which each of these runs is over
COLOURS = {f"{number}.png": (40 * number, 9, 200 - 30 * number) for number in range(6)}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with fused(tmp_path / "fuse", REMEMBERED) as point:
        (tmp_path / "tf").mkdir()
        (tmp_path / "tf" / "model.onnx").write_bytes(colour_model())
        write_pictures(point / "in", COLOURS)
        yield point


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
@pytest.mark.parametrize("placing", ["--copy", "--move", "--hardlink"])
def test_what_is_sorted_there_stands_once_and_comes_back(disk: Path, placing: str, elsewhere: bool) -> None:
    before, source = tree(disk / "in"), disk / "in"
    out = disk.parent / "out" if elsewhere else disk / "out"
    options = ["--copy"] if placing == "--hardlink" and elsewhere else [placing]
    result = called("guess-dir", disk.parent / "tf", source, out, *options)
    assert result.returncode == 0, result.stderr
    assert "6 seen = 6 sorted" in result.stderr
    assert sorted(tree(out).values()) == sorted(before.values())
    assert tree(source) == ({} if placing == "--move" else before)
    again = called("guess-dir", disk.parent / "tf", source, out, *options)
    assert again.returncode == (4 if placing == "--move" else 0)
    assert len(tree(out)) == 6
    assert called("undo", out).returncode == 0
    assert tree(source) == before
    assert tree(out) == {}


def test_names_of_one_file_are_moved_each_for_itself(disk: Path) -> None:
    """Each removal changes what the other names are told to have: links, and the time of change."""
    os.link(disk / "in" / "1.png", disk / "in" / "a twin.png")
    os.link(disk / "in" / "1.png", disk / "in" / "a third.png")
    before = tree(disk / "in")
    for out in (disk / "out", disk.parent / "out"):
        result = called("guess-dir", disk.parent / "tf", disk / "in", out, "--move")
        assert result.returncode == 0, result.stderr
        assert "8 seen = 8 sorted" in result.stderr
        assert tree(disk / "in") == {}
        assert sorted(tree(out).values()) == sorted(before.values())
        assert called("undo", out).returncode == 0
        assert tree(disk / "in") == before
