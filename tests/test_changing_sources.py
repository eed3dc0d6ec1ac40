"""Sources that are edited, replaced or removed while they are sorted: what is new is never touched."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oracle import (
    assert_no_leftovers,
    contents,
    whole,
)
from pigeonhole import failpoints
from pigeonhole.files import publish, remove
from pigeonhole.placing import Placing, place
from pigeonhole.records import Failed, Placed
from pigeonhole.sorting import Sorter, SortOptions
from sorting_room import guess, sort

MOVE = SortOptions(placing=Placing.MOVE)


def at_step(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """`act` happens once, when the sorter reaches the step `name`: someone else is quicker."""
    waiting = [act]

    def reached(step: str) -> None:
        if step == name and waiting:
            waiting.pop()()

    monkeypatch.setattr(failpoints, "failpoint", reached)


def edited(path: Path) -> None:
    path.write_bytes(b"something else, and longer")


def edited_with_the_same_size_and_time(path: Path) -> None:
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path: Path) -> None:
    (path.parent / "new").write_bytes(b"a new file")
    (path.parent / "new").rename(path)


def replaced_with_the_same_size_and_time(path: Path) -> None:
    status = path.stat()
    (path.parent / "new").write_bytes(bytes(status.st_size))
    os.utime(path.parent / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (path.parent / "new").rename(path)


def replaced_by_a_link(path: Path) -> None:
    (path.parent.parent / "target of a link").write_bytes(b"not to be moved")
    path.unlink()
    path.symlink_to(path.parent.parent / "target of a link")


def replaced_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


CHANGES = [
    edited,
    edited_with_the_same_size_and_time,
    replaced,
    replaced_with_the_same_size_and_time,
    replaced_by_a_link,
    replaced_by_a_pipe,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("placing", list(Placing))
def test_a_source_that_changes_while_it_is_classified_is_left_as_it_is_and_the_answer_thrown_away(
    source: Path, out: Path, placing: Placing, change: Callable[[Path], None]
) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    answer = guess(picture)
    change(picture)
    after = whole(source)
    with Sorter.open(out, SortOptions(placing=placing)) as sorter:
        outcome = sorter.place(answer)
        assert isinstance(outcome, Failed)
        assert outcome.transient
    assert whole(source) == after
    assert whole(out) == {}


@pytest.mark.parametrize("change", CHANGES[:5])
def test_a_source_that_changes_just_before_it_is_renamed_gets_its_name_back(
    source: Path, out: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    after: list[object] = []

    def renaming(old: Path, new: Path) -> None:
        if not after:
            change(picture)
            after.append(whole(source))
        rename(old, new)

    rename = publish.rename_without_replacing
    monkeypatch.setattr(place, "rename_without_replacing", renaming)
    (outcome,) = sort(source, out, MOVE)
    if change is edited_with_the_same_size_and_time:
        # In the same file: whoever still writes to it goes on doing so under its new name. Nothing is lost.
        assert contents(source, out).total() == 1
    else:
        assert isinstance(outcome, Failed)
        assert [whole(source)] == after
        assert whole(out) == {}


@pytest.mark.parametrize("step", ["part made", "part synced", "published", "journalled"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_delete_never_hits_what_has_taken_the_place_of_a_source(
    other_disk: Path, out: Path, step: str, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_disk / "in"
    source.mkdir()
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    after: list[object] = []

    def meanwhile() -> None:
        change(picture)
        after.append(whole(source))

    at_step(monkeypatch, step, meanwhile)
    (outcome,) = sort(source, out, MOVE)
    assert [whole(source)] == after
    assert_no_leftovers(source, out)
    if isinstance(outcome, Placed):
        assert outcome.target.read_bytes() == b"the picture"
    else:
        assert isinstance(outcome, Failed)
        assert whole(out) == {}


def test_a_new_file_that_takes_the_name_while_the_old_one_is_removed_stays(
    other_disk: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = other_disk / "a.png"
    picture.write_bytes(b"the picture")
    at_step(monkeypatch, "source aside", lambda: picture.write_bytes(b"the next one"))
    sort(other_disk, out, MOVE)
    assert picture.read_bytes() == b"the next one"
    assert (out / "elsa-0.99621.png").read_bytes() == b"the picture"
    assert_no_leftovers(other_disk, out)


def test_a_source_that_goes_away_is_one_failure(source: Path, out: Path) -> None:
    (source / "a.png").write_bytes(b"a")
    answer = guess(source / "a.png")
    (source / "a.png").unlink()
    with Sorter.open(out, MOVE) as sorter:
        assert sorter.place(answer) == Failed(source / "a.png", "it has gone while it was sorted")


def test_an_edit_between_copy_and_removal_shows_by_its_ctime_alone(
    other_disk: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old files are not read once more before they are removed: what the clock tells must be enough."""
    picture = other_disk / "a.png"
    picture.write_bytes(b"the picture")
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10_000_000_000)
    at_step(monkeypatch, "journalled", lambda: edited_with_the_same_size_and_time(picture))
    sort(other_disk, out, MOVE)
    assert picture.read_bytes() == bytes(len(b"the picture"))
    assert (out / "elsa-0.99621.png").read_bytes() == b"the picture"


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_that_is_replaced_in_the_moment_of_its_removal_gets_its_name_back(
    other_disk: Path, out: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_disk / "in"
    source.mkdir()
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    after: list[object] = []

    def renaming(old: Path, new: Path) -> None:
        change(picture)
        after.append(whole(source))
        publish.rename_without_replacing(old, new)

    monkeypatch.setattr(remove, "rename_without_replacing", renaming)
    sort(source, out, MOVE)
    assert [whole(source)] == after
    assert (out / "elsa-0.99621.png").read_bytes() == b"the picture"
