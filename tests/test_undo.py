"""Undo restores the exact tree, refuses file by file what is no longer what it was, and may be repeated."""

import os
from pathlib import Path

import pytest

from disks import second_disk
from oracle import contents, whole, write_files
from pigeonhole.errors import UsageError
from pigeonhole.placing import Placing, Refused, Undone, journal_entries, undo
from pigeonhole.sorting import Sorter, SortOptions, Template
from pigeonhole.sorting.template import INTO_FOLDERS
from sorting_room import guess, sort, unreadable


def options(placing: Placing) -> SortOptions:
    return SortOptions(placing=placing, template=Template(INTO_FOLDERS))


def refusals(out: Path) -> dict[str, str]:
    return {result.source.name: result.reason for result in undo(out) if isinstance(result, Refused)}


@pytest.mark.parametrize("placing", list(Placing))
def test_undo_restores_the_exact_tree(source: Path, out: Path, placing: Placing) -> None:
    write_files(source, 100)
    (source / "emptied").mkdir()
    (source / "emptied" / os.fsdecode(b"\xff\n.png")).write_bytes(b"odd")
    before = whole(source)
    sort(source, out, options(placing))
    assert {type(result) for result in undo(out)} == {Undone}
    assert whole(source) == before
    assert whole(out) == {}
    assert {entry.state for entry in journal_entries(out)} == {"undone"}


def test_undo_of_a_thousand_files_moved_restores_names_bytes_and_times(source: Path, out: Path) -> None:
    write_files(source, 1000, size=50)
    before = whole(source)
    sort(source, out, options(Placing.MOVE))
    assert contents(source).total() == 0
    assert len(list(undo(out))) == 1000
    assert whole(source) == before


def test_undo_brings_files_back_from_another_disk_with_their_times(out: Path) -> None:
    with second_disk() as source:
        write_files(source, 20)
        before = whole(source)
        sort(source, out, options(Placing.MOVE))
        assert not refusals(out)
        assert whole(source) == before
        assert whole(out) == {}


def test_undo_makes_a_folder_again_that_has_been_removed_since(source: Path, out: Path) -> None:
    write_files(source / "deep" / "er", 2)
    before = whole(source)
    sort(source, out, options(Placing.MOVE))
    (source / "deep" / "er" / "sub").rmdir()
    (source / "deep" / "er").rmdir()
    assert not refusals(out)
    assert whole(source) == before


def test_undo_of_what_was_set_aside_and_what_was_left(source: Path, out: Path) -> None:
    (source / "a.jpg").write_text("cut off")
    (source / "b.jpg").write_text("cut off too")
    before = whole(source)
    with Sorter.open(out, options(Placing.MOVE)) as sorter:
        sorter.place(unreadable(source / "a.jpg"))
    with Sorter.open(out, SortOptions(leave_unreadable=True)) as sorter:
        sorter.place(unreadable(source / "b.jpg"))
    assert not refusals(out)
    assert whole(source) == before
    assert whole(out) == {}


def test_a_moved_file_is_refused_where_it_is_no_longer_what_it_was(source: Path, out: Path) -> None:
    for name in ("edited", "gone", "taken", "fine", "link"):
        (source / f"{name}.png").write_text(name)
    sort(source, out, options(Placing.MOVE))
    (out / "elsa" / "edited.png").write_text("with a moustache")
    (out / "elsa" / "gone.png").unlink()
    (source / "taken.png").write_text("a newer file")
    (out / "elsa" / "link.png").unlink()
    (out / "elsa" / "link.png").symlink_to(source / "taken.png")
    assert refusals(out) == {
        "edited.png": "it is no longer what was put there",
        "gone.png": "it is no longer in the output",
        "taken.png": "another file has taken its old place",
        "link.png": "it is no longer what was put there",
    }
    assert (source / "fine.png").read_text() == "fine"
    assert (source / "taken.png").read_text() == "a newer file"
    assert (out / "elsa" / "taken.png").read_text() == "taken"
    assert (out / "elsa" / "edited.png").read_text() == "with a moustache"


def test_a_copy_is_refused_where_it_may_be_the_only_one(source: Path, out: Path) -> None:
    for name in ("edited", "gone", "source edited", "source gone"):
        (source / f"{name}.png").write_text(name)
    sort(source, out, options(Placing.COPY))
    (out / "elsa" / "edited.png").write_text("with a moustache")
    (out / "elsa" / "gone.png").unlink()
    (source / "source edited.png").write_text("with a moustache")
    (source / "source gone.png").unlink()
    only = "its source is no longer what it was, so that this may be the only copy"
    assert refusals(out) == {
        "edited.png": "it is no longer what was put there",
        "source edited.png": only,
        "source gone.png": only,
    }
    assert set(whole(out / "elsa")) == {"edited.png", "source edited.png", "source gone.png"}


def test_a_link_is_refused_where_it_leads_elsewhere(source: Path, out: Path) -> None:
    for name in ("a.png", "b.png"):
        (source / name).write_text(name)
    sort(source, out, options(Placing.SYMLINK))
    (out / "elsa" / "a.png").unlink()
    (out / "elsa" / "a.png").symlink_to("elsewhere")
    (source / "b.png").unlink()  # a link holds nothing: it goes all the same
    assert refusals(out) == {"a.png": "it is no longer what was put there"}
    assert whole(out) == {"elsa": "/", "elsa/a.png": "-> elsewhere"}


def test_a_refusal_is_tried_again_once_its_cause_is_gone(source: Path, out: Path) -> None:
    (source / "a.png").write_text("a")
    before = whole(source)
    sort(source, out, options(Placing.MOVE))
    (source / "a.png").write_text("a newer file")
    assert refusals(out)
    (source / "a.png").rename(out.parent / "elsewhere.png")
    assert not refusals(out)
    assert whole(source) == before


def test_a_file_that_the_user_has_put_back_is_not_doubled(source: Path, out: Path) -> None:
    (source / "a.png").write_text("a")
    sort(source, out, options(Placing.MOVE))
    (source / "a.png").write_text("a")
    assert not refusals(out)
    assert contents(source, out).total() == 1


def test_what_is_undone_is_sorted_again(source: Path, out: Path) -> None:
    before = write_files(source, 5)
    for _ in range(3):
        sort(source, out, options(Placing.MOVE))
        assert contents(out) == before
        assert not refusals(out)
        assert contents(source) == before


def test_files_and_folders_of_others_stay(source: Path, out: Path) -> None:
    write_files(source, 2)
    (out / "_unreadable").mkdir(parents=True)
    sort(source, out, options(Placing.MOVE))
    (out / "elsa" / "mine.txt").write_text("mine")
    assert not refusals(out)
    assert set(whole(out)) == {"_unreadable", "elsa", "elsa/mine.txt"}


def test_undo_where_nothing_was_ever_sorted_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Nothing was ever sorted into"):
        list(undo(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_of_two_versions_of_one_source_the_older_copy_is_kept(source: Path, out: Path) -> None:
    picture = source / "a.png"
    picture.write_text("old")
    with Sorter.open(out, SortOptions()) as sorter:
        sorter.place(guess(picture))
        picture.write_text("new")
        sorter.place(guess(picture))
    results = list(undo(out))
    assert [type(result) for result in results] == [Undone, Refused]
    assert [path.read_text() for path in out.glob("*.png")] == ["old"]
