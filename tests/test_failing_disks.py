"""Disks that are full or may not be written, and things that are no files."""

import json
import os
import socket
import subprocess
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sorting_room
from commands import pigeonhole
from disks import mounted, needs_root, read_only
from oracle import (
    assert_adds_up,
    assert_exactly_once,
    assert_no_leftovers,
    assert_nothing_lost,
    contents,
    whole,
    write_files,
)
from pigeonhole.cli import run
from pigeonhole.errors import OutputError
from pigeonhole.files import find
from pigeonhole.placing import Placing, journal_entries
from pigeonhole.records import Failed, Found, Placed, Skipped
from pigeonhole.sorting import Sorter, SortOptions
from sorting_room import guess, sort, until_it_fails
from trees import RED, write_pictures

MOVE = SortOptions(placing=Placing.MOVE)


def test_what_is_no_file_is_never_waited_for(source: Path, out: Path) -> None:
    os.mkfifo(source / "pipe.png")
    (source / "loop").symlink_to(source)
    (source / "dangling.png").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "socket.png"))
        outcomes = sort(source, out, MOVE)
    assert {type(outcome) for outcome in outcomes} == {Skipped}
    assert len(outcomes) == 4
    assert whole(out) == {}


@needs_root
@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
def test_a_full_disk_leaves_sources_whole_and_no_part_and_goes_on_when_there_is_room(
    source: Path, out: Path, placing: Placing
) -> None:
    before = write_files(source, 6, size=200_000)
    with mounted(out, "-o", "size=1m"), Sorter.open(out, SortOptions(placing=placing)) as sorter:
        ballast = out / "ballast"
        ballast.write_bytes(bytes(300_000))
        came, error = until_it_fails(sorter.place_all(sorting_room.answers(find(source))))
        ballast.unlink()
        assert "cannot be written: No space left on device" in str(error)
        assert 1 <= len(came) < 6
        assert {type(outcome) for outcome in came} == {Placed}
        assert contents(out).total() == len(came)
        assert_nothing_lost(before, source, out)
        assert_no_leftovers(source, out)
        assert contents(source) == (before - contents(out) if placing is Placing.MOVE else before)
        (item, *_) = [item for item in find(source) if isinstance(item, Found) and not sorter.outcome_before(item)]
        assert isinstance(sorter.place(guess(item.path)), Placed)
        assert contents(out).total() == len(came) + 1


@needs_root
def test_an_output_that_turns_read_only_ends_the_run(source: Path, out: Path) -> None:
    before = write_files(source, 2)
    with Sorter.open(out, MOVE) as sorter:
        answers = list(sorting_room.answers(find(source)))
        with read_only(out), pytest.raises(OutputError):
            list(sorter.place_all(answers))
    assert contents(source) == before
    assert whole(out) == {}


@needs_root
def test_a_source_that_cannot_be_removed_fails_until_it_can_and_is_never_sorted_twice(
    source: Path, out: Path, tmp_path: Path
) -> None:
    before = write_files(source, 2)
    with read_only(source), Sorter.open(out, MOVE) as sorter:
        first = list(sorter.place_all(sorting_room.answers(sorter.skip_done(find(source)))))
        assert all(isinstance(outcome, Placed) and "Read-only file system" in str(outcome.trouble) for outcome in first)
        for _ in range(10):
            again = list(sorter.place_all(sorting_room.answers(sorter.skip_done(find(source)))))
            assert {type(outcome) for outcome in again} == {Failed}
            assert {"Read-only file system" in getattr(outcome, "reason", "") for outcome in again} == {True}
    assert contents(out) == contents(source) == before
    assert sort(source, out) == [Skipped(source / name, "already sorted") for name in ("001.png", "sub/000.png")]
    removed = "already sorted, and now removed from where it was"
    assert sort(source, out, MOVE) == [Skipped(source / name, removed) for name in ("001.png", "sub/000.png")]
    assert_exactly_once(before, source, out)
    assert not contents(source)
    assert sort(source, out, MOVE) == []


@needs_root
@pytest.mark.parametrize("placing", ["--copy", "--move"])
def test_a_disk_that_fills_up_within_a_group_leaves_every_file_accounted_for(
    tf_files: Path, source: Path, out: Path, placing: str
) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (30, 100, 100, 3), np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).save(source / f"{number:02}.png")
    before = contents(source)
    with mounted(out, "-o", "size=800k"):
        result = pigeonhole("guess-dir", tf_files, source, out, placing, "--json")
        assert result.returncode == 5
        assert "No space left on device" in result.stderr or "database or disk is full" in result.stderr
        summary = json.loads(result.stdout.splitlines()[-1])
        assert_adds_up(summary, 30)
        assert summary["sorted"] + summary["failed"] == 30
        assert 0 < summary["sorted"] == contents(out).total() < 30
        assert_nothing_lost(before, source, out)
        subprocess.run(["mount", "-o", "remount,size=8m", out], check=True)
        result = pigeonhole("guess-dir", tf_files, source, out, placing, "--json")
        assert result.returncode == 0, result.stderr
        assert_no_leftovers(source, out)
        assert contents(out) == before
        assert len(list(journal_entries(out))) == 30


def test_a_file_without_an_outcome_is_reported(
    tf_files: Path, source: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The one count comes from the folder, the other from the outcomes: here one outcome gets lost."""
    write_pictures(source, {"a.png": RED, "b.png": RED, "c.png": RED})
    place_all = Sorter.place_all
    monkeypatch.setattr(Sorter, "place_all", lambda *arguments: islice(place_all(*arguments), 2))
    assert run(["guess-dir", str(tf_files), str(source), str(out)]) == 1
    errors = capfd.readouterr().err
    assert "1 files came to no outcome" in errors
    assert "3 seen = 2 sorted" in errors
