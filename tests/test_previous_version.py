"""What the version before wrote goes on: its model file answers as it did, its runs are resumed and taken back.

The files are made by tests/previous_version/make.py, with the code of that version.
"""

import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from commands import pigeonhole
from oracle import whole
from pigeonhole import Classifier
from pigeonhole.files.source import status_of
from pigeonhole.model import load_model
from pigeonhole.records import Identity

HERE = Path(__file__).parent / "previous_version"
COPIES = ("copied", "dead-while-it-copied", "dead-after-it-copied", "dead-while-it-undid-a-copy")
MOVES = ("moved", "dead-while-it-moved", "dead-while-it-undid-a-move")


class Left(NamedTuple):
    """What a run of the version before left: the folder of pictures, and the one that it sorted them into."""

    source: Path
    out: Path


def left_by(name: str, folder: Path) -> Left:
    """The run `name`, unpacked into `folder`; its journal then speaks of the files there."""
    with tarfile.open(HERE / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    left, was = Left(folder / "in", folder / "out"), (folder / "source").read_bytes()
    with closing(sqlite3.connect(left.out / ".pigeonhole" / "journal.sqlite")) as journal, journal:
        for number, path, relative in journal.execute("SELECT id, source, target FROM file").fetchall():
            source = left.source / os.fsdecode(path.removeprefix(was + b"/"))
            here = status_of(source) or (left.out / os.fsdecode(relative)).stat()
            identity = Identity.of(here)
            journal.execute(
                "UPDATE file SET source = ?, device = ?, inode = ?, size = ?, mtime_ns = ?, ctime_ns = ? WHERE id = ?",
                (os.fsencode(source), *astuple(identity), number),
            )
    return left


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A TF_FILES with the model of the version before."""
    (tmp_path / "tf files").mkdir()
    shutil.copy(HERE / "model.onnx", tmp_path / "tf files")
    return tmp_path / "tf files"


def guess_dir(old: Path, placing: str, left: Left) -> None:
    result = pigeonhole("guess-dir", placing, old, left.source, left.out)
    assert result.returncode == 0, result.stderr


def test_its_model_file_answers_as_it_did(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = json.loads((HERE / "answers.json").read_text())
    left = left_by("copied", tmp_path)
    classifier = Classifier.load(HERE / "model.onnx")
    assert [each["name"] for each in said] == sorted(path.name for path in left.source.iterdir())
    for each in said:
        guess = classifier.guess(left.source / each["name"])
        assert dict(guess.ranking) == pytest.approx(dict(each["ranking"]), abs=1e-4)
        assert guess.is_unknown == bool(each["doubt"])
    assert {guess.label for guess in map(classifier.guess, left.source.iterdir())} == {"unknown", "stripes", "circle"}


def test_its_model_file_says_how_it_was_trained() -> None:
    card = load_model(HERE / "model.onnx").card
    assert (card.labels, card.recipe, card.backbone["name"]) == (("circle", "square", "stripes"), "probe", "tiny")
    assert card.metrics["accuracy"] == pytest.approx(38 / 60)


@pytest.mark.parametrize("name", [*COPIES, *MOVES[1:]])  # where all were moved, nothing is left to do
def test_its_run_is_resumed_and_every_picture_is_sorted_once(name: str, old: Path, tmp_path: Path) -> None:
    placing = "--copy" if name in COPIES else "--move"
    done = left_by("copied" if placing == "--copy" else "moved", tmp_path / "done")
    left = left_by(name, tmp_path / "here")
    guess_dir(old, placing, left)
    assert whole(left.out) == whole(done.out)
    assert whole(left.source) == whole(done.source)


@pytest.mark.parametrize("name", [*COPIES, *MOVES, "linked"])
def test_its_run_is_taken_back_and_all_is_as_it_was(name: str, tmp_path: Path) -> None:
    before = whole(left_by("copied", tmp_path / "before").source)
    left = left_by(name, tmp_path / "here")
    result = pigeonhole("undo", left.out)
    assert result.returncode == 0, result.stderr
    assert (whole(left.source), whole(left.out)) == (before, {})


def test_its_journal_is_listed(tmp_path: Path) -> None:
    left = left_by("moved", tmp_path)
    listed = pigeonhole("log", left.out, "--json").stdout.splitlines()
    entries = [json.loads(line) for line in listed]
    names = sorted(Path(entry["source"]).name for entry in entries)
    assert names == [*(f"{number}.png" for number in range(6)), "noise.png"]
    assert all(entry["state"] == "done" and (left.out / entry["target"]).is_file() for entry in entries)
