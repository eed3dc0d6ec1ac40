"""How a file gets to its place: what it is called there, and what stays where it was."""

import os
import shutil
from pathlib import Path

import pytest

from oracle import (
    EMPTY,
    File,
    assert_exactly_once,
    contents,
    whole,
    write_files,
)
from pigeonhole.files import find
from pigeonhole.placing import Placing
from pigeonhole.records import Failed, Found, Guess, Placed, Skipped, Unreadable
from pigeonhole.sorting import Sorter, SortOptions, Template
from pigeonhole.sorting.template import INTO_FOLDERS
from sorting_room import guess, sort, unreadable

MOVE = SortOptions(placing=Placing.MOVE)
FOLDERS = Template(INTO_FOLDERS)


def test_a_copy_leaves_the_source_and_keeps_bytes_time_and_permissions(source: Path, out: Path) -> None:
    write_files(source, 3)
    (source / "001.png").chmod(0o640)
    before = whole(source)
    assert all(isinstance(outcome, Placed) for outcome in sort(source, out))
    assert whole(source) == before
    assert set(whole(out)) == {"elsa-0.99621.png", "elsa-0.99621-2.png", "elsa-0.99621-3.png"}
    assert sorted(whole(out).values()) == sorted(entry for entry in before.values() if isinstance(entry, File))
    assert sorted(path.stat().st_mode & 0o777 for path in out.glob("*.png")) == [0o640, 0o644, 0o644]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
def test_a_move_leaves_nothing_behind_and_keeps_bytes_and_time(
    source: Path, out: Path, other_disk: Path, elsewhere: bool
) -> None:
    source = other_disk if elsewhere else source
    write_files(source, 5)
    before = whole(source)
    sort(source, out, MOVE)
    assert whole(source) == {"sub": "/"}
    assert sorted(whole(out).values()) == sorted(entry for entry in before.values() if isinstance(entry, File))


def test_a_hard_link_is_the_same_file_and_a_symbolic_link_leads_there_from_anywhere(
    source: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "a.png").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    sort(Path("in"), Path("hard"), SortOptions(placing=Placing.HARDLINK))
    sort(Path("in"), Path("soft"), SortOptions(placing=Placing.SYMLINK))
    assert (tmp_path / "hard" / "elsa-0.99621.png").samefile(source / "a.png")
    assert (tmp_path / "soft" / "elsa-0.99621.png").readlink() == source / "a.png"


def test_a_hard_link_between_two_disks_fails_with_what_to_do(out: Path, other_disk: Path) -> None:
    write_files(other_disk, 1)
    (outcome,) = sort(other_disk, out, SortOptions(placing=Placing.HARDLINK))
    assert isinstance(outcome, Failed)
    assert "use --copy or --symlink" in outcome.reason
    assert whole(out) == {}


@pytest.mark.parametrize("placing", list(Placing))
def test_nothing_is_ever_overwritten_nor_written_through_a_link(
    source: Path, out: Path, tmp_path: Path, placing: Placing
) -> None:
    write_files(source, 3)
    out.mkdir()
    (out / "elsa-0.99621.png").write_text("somebody else's")
    (out / "elsa-0.99621-2.png").symlink_to(tmp_path / "elsewhere")
    (out / "elsa-0.99621-3.png").mkdir()
    sort(source, out, SortOptions(placing=placing))
    assert (out / "elsa-0.99621.png").read_text() == "somebody else's"
    assert not (tmp_path / "elsewhere").exists()
    assert {f"elsa-0.99621-{number}.png" for number in (4, 5, 6)} < set(whole(out))


def test_what_cannot_be_read_is_set_aside_under_its_own_name_or_left(source: Path, out: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (source / name).write_text("cut off " + name)
    with Sorter.open(out, MOVE) as sorter:
        outcome = sorter.place(unreadable(source / "a.jpg"))
        assert isinstance(outcome, Unreadable)
        assert outcome.target == out / "_unreadable" / "a.jpg"
    with Sorter.open(out, SortOptions(leave_unreadable=True)) as sorter:
        outcome = sorter.place(unreadable(source / "b.jpg"))
        assert isinstance(outcome, Unreadable)
        assert outcome.target is None
        assert sorter.outcome_before(Found(source / "b.jpg", Path("b.jpg")))
        (source / "b.jpg").write_text("it has been mended")
        assert not sorter.outcome_before(Found(source / "b.jpg", Path("b.jpg")))
    assert set(whole(source)) == {"b.jpg"}
    assert set(whole(out)) == {"_unreadable", "_unreadable/a.jpg"}


def test_what_the_reader_could_not_even_open_is_compared_and_set_aside_all_the_same(source: Path, out: Path) -> None:
    with (source / "huge.jpg").open("wb") as file:
        file.truncate(3_000_000)
    before = contents(source)
    with Sorter.open(out, MOVE) as sorter:
        sorter.place(Unreadable(source / "huge.jpg", "it is larger than 256 MiB"))
    assert_exactly_once(before, out)


def test_below_the_bar_it_is_unknown(source: Path, out: Path) -> None:
    write_files(source, 1)
    (outcome,) = sort(source, out, SortOptions(min_score=0.9963))
    assert isinstance(outcome, Placed)
    assert outcome.is_unknown
    assert set(whole(out)) == {"unknown-0.99621.png"}


def test_an_empty_file_is_not_taken_for_a_reservation(source: Path, out: Path) -> None:
    (source / "empty.jpg").touch()
    with Sorter.open(out, MOVE) as sorter:
        sorter.place(unreadable(source / "empty.jpg", "the file is empty"))
    assert contents(out) == {EMPTY: 1}


def test_a_folder_of_the_output_that_is_a_link_is_not_followed(source: Path, out: Path, tmp_path: Path) -> None:
    write_files(source, 1)
    (tmp_path / "elsewhere").mkdir()
    out.mkdir()
    (out / "elsa").symlink_to(tmp_path / "elsewhere")
    (outcome,) = sort(source, out, SortOptions(placing=Placing.MOVE, template=FOLDERS))
    assert isinstance(outcome, Failed)
    assert "a link or a file stands where a folder should be" in outcome.reason
    assert whole(tmp_path / "elsewhere") == {}
    assert contents(source).total() == 1


def test_names_of_255_bytes_are_shortened_by_characters_and_keep_their_extension(source: Path, out: Path) -> None:
    long = "é" * 125 + "a.png"
    assert len(os.fsencode(long)) == 255
    for folder in ("a", "b"):
        (source / folder).mkdir()
        (source / folder / long).write_text(folder)
    options = SortOptions(template=FOLDERS)
    with Sorter.open(out, options) as sorter:
        for item in find(source):
            sorter.place(guess(item.path))
        for item in find(source):
            os.utime(item.path, ns=(0, 0))
            item.path.write_text("unreadable " + str(item.path.parent))
            sorter.place(unreadable(item.path))
    names = {name for name in whole(out) if name.endswith(".png")}
    shorter = "é" * 124 + "-2.png"
    assert names == {f"{folder}/{name}" for folder in ("elsa", "_unreadable") for name in (long, shorter)}


def test_folders_200_levels_deep_are_sorted(source: Path, out: Path) -> None:
    deep = source / "/".join(["deep"] * 200)
    deep.mkdir(parents=True)
    (deep / "a.png").write_bytes(b"a")
    before = contents(source)
    sort(source, out, MOVE)
    assert_exactly_once(before, source, out)


RIGHT_TO_LEFT = b"\xf0\x9f\x98\x80\xe2\x80\xae.png"  # an emoji, then the character that turns the line around
ODD_NAMES = [b"new\nline.png", b"-dash.png", b"quote'\".png", b"$(id).png", b"\xff\xfe.png", RIGHT_TO_LEFT]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("placing", list(Placing))
def test_any_name_comes_through_unchanged(source: Path, out: Path, placing: Placing, name: bytes) -> None:
    path = source / os.fsdecode(name)
    path.write_bytes(b"a")
    sort(source, out, SortOptions(placing=placing, template=FOLDERS))
    assert [os.fsencode(entry.name) for entry in (out / "elsa").iterdir()] == [name]
    if placing is not Placing.MOVE:
        assert {type(outcome) for outcome in sort(source, out)} == {Skipped}


def test_a_category_of_a_foreign_model_cannot_lead_out_of_the_output(source: Path, out: Path, tmp_path: Path) -> None:
    for number, category in enumerate(("../up", "..", "", "a/b", ".pigeonhole", "nul\0", "\ud800")):
        (source / f"{number}.png").write_bytes(bytes([number]))
        answer: Guess = guess(source / f"{number}.png", ((category, 0.5),))
        with Sorter.open(out, SortOptions(template=FOLDERS)) as sorter:
            assert isinstance(sorter.place(answer), Placed)
    assert contents(out).total() == 7
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    shutil.rmtree(out / ".pigeonhole")
    assert contents(out).total() == 7
