"""Disks that are full or may not be written, and things that are no files."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import sorting_room
from disks import mounted, needs_root, read_only
from oracle import (
    assert_no_leftovers,
    assert_nothing_lost,
    contents,
    whole,
    write_files,
)
from pigeonhole.errors import OutputError
from pigeonhole.files import find
from pigeonhole.records import Found, Outcome, Placed, Skipped
from pigeonhole.sorting import Placing, Sorter, SortOptions
from sorting_room import guess, sort

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


def until_it_fails(outcomes: Iterator[Outcome]) -> tuple[list[Outcome], OutputError | None]:
    """What came, and the error that ended it."""
    came: list[Outcome] = []
    try:
        for outcome in outcomes:
            came.append(outcome)  # noqa: PERF402 - those before the error count
    except OutputError as error:
        return came, error
    return came, None


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
        (item, *_) = [item for item in find(source) if isinstance(item, Found) and not sorter.is_done(item)]
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
def test_a_source_that_cannot_be_removed_is_one_result_however_often_it_is_met(
    source: Path, out: Path, tmp_path: Path
) -> None:
    before = write_files(source, 2)
    with read_only(source), Sorter.open(out, MOVE) as sorter:
        first = list(sorter.place_all(sorting_room.answers(sorter.skip_done(find(source)))))
        assert all(isinstance(outcome, Placed) and "Read-only file system" in str(outcome.trouble) for outcome in first)
        for _ in range(10):
            again = list(sorter.place_all(sorting_room.answers(sorter.skip_done(find(source)))))
            assert {type(outcome) for outcome in again} == {Skipped}
    assert contents(out) == before
    assert sort(source, out, MOVE) == [Skipped(source / name, "already sorted") for name in ("001.png", "sub/000.png")]
    assert contents(source) == before
