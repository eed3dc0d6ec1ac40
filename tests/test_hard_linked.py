"""Sources that are several names of one file: removing or renaming the one changes the state of the others."""

import os
from pathlib import Path

import pytest

from oracle import contents, whole
from pigeonhole.placing import Placing, journal_entries, undo
from pigeonhole.records import Placed
from pigeonhole.sorting import Sorter, SortOptions
from sorting_room import guess, sort
from watching import Place, names, watching


def write_names(folder: Path) -> None:
    """Four files, three of which are one."""
    folder.mkdir(exist_ok=True)
    (folder / "a.png").write_bytes(b"one file")
    (folder / "other.png").write_bytes(b"another")
    os.link(folder / "a.png", folder / "b.png")
    os.link(folder / "a.png", folder / "c.png")


@pytest.mark.parametrize("placing", list(Placing))
@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
def test_every_name_of_a_file_is_sorted_once_and_comes_back(
    source: Path, out: Path, other_disk: Path, elsewhere: bool, placing: Placing
) -> None:
    if placing is Placing.HARDLINK and elsewhere:
        pytest.skip("a file cannot have names on two disks")
    source = other_disk / "in" if elsewhere else source
    write_names(source)
    before = whole(source)
    outcomes = sort(source, out, SortOptions(placing=placing))
    assert all(isinstance(outcome, Placed) and outcome.trouble is None for outcome in outcomes)
    assert len(names(out)) == len(outcomes) == 4
    assert (whole(source) == {}) == (placing is Placing.MOVE)
    assert {entry.state for entry in journal_entries(out)} == {"done"}
    again = sort(source, out, SortOptions(placing=placing))
    assert not any(isinstance(outcome, Placed) for outcome in again)
    list(undo(out))
    assert whole(source) == before
    assert whole(out) == {}


def test_a_file_that_was_edited_behind_its_own_time_is_not_taken_for_a_twin(source: Path, out: Path) -> None:
    """Another ctime alone says nothing; then the content decides."""
    (source / "a.png").write_bytes(b"as it was read")
    answer = guess(source / "a.png")
    (source / "a.png").write_bytes(b"edited, and as")
    os.utime(source / "a.png", ns=(answer.identity.mtime_ns, answer.identity.mtime_ns))
    for placing in Placing:
        with Sorter.open(out, SortOptions(placing=placing)) as sorter:
            assert not isinstance(sorter.place(answer), Placed)
    assert names(out) == []
    assert (source / "a.png").read_bytes() == b"edited, and as"


def test_a_watcher_takes_every_name_once(place: Place, other_disk: Path) -> None:
    place.drop(0, 1)
    os.link(place.inbox / "00000.png", place.inbox / "twin.png")
    before = contents(place.inbox)
    with watching(place, "--poll", "0.5", out=other_disk / "sorted") as watcher:
        watcher.wait_until_sorted(3)
        watcher.wait_until_well()
        summary = watcher.stop()
    assert summary["sorted"] == 3
    assert names(place.inbox) == []
    assert contents(other_disk / "sorted") == before
