"""Folders that are moved, removed or shown twice while pictures are sorted into them."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import pigeonhole
from disks import bound, needs_root
from oracle import assert_adds_up, assert_nothing_lost, contents, whole, write_files
from pigeonhole import failpoints
from pigeonhole.cli import run
from pigeonhole.files import find
from pigeonhole.placing import Placing, journal_entries
from pigeonhole.placing.output_folder import GROUP
from pigeonhole.records import Found, Placed
from pigeonhole.sorting import Answer, Sorter, SortOptions
from sorting_room import answers, sort, until_it_fails
from trees import BLUE, GREEN, RED, write_pictures
from watching import Place, names, wait_until, watching


def replace_folder(out: Path) -> None:
    out.rename(out.with_name("moved"))
    out.mkdir()


def remove_journal(out: Path) -> None:
    shutil.rmtree(out / ".pigeonhole")


def remove_journal_file(out: Path) -> None:
    (out / ".pigeonhole" / "journal.sqlite").unlink()


def exchange_journal(out: Path) -> None:
    """Another output's journal takes the place of this one's."""
    other = out.with_name("other")
    with Sorter.open(other, SortOptions()):
        pass
    shutil.rmtree(out / ".pigeonhole")
    shutil.copytree(other / ".pigeonhole", out / ".pigeonhole")


@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
@pytest.mark.parametrize("deed", [replace_folder, remove_journal, remove_journal_file, exchange_journal])
def test_an_output_that_is_another_ends_the_run(
    source: Path, out: Path, other_disk: Path, *, deed: Callable[[Path], None], elsewhere: bool, placing: Placing
) -> None:
    source = other_disk / "in" if elsewhere else source
    before = write_files(source, 2 * GROUP)

    def meddled() -> Iterator[Answer]:
        for number, answer in enumerate(answers(find(source))):
            if number == GROUP + 5:
                deed(out)
            yield answer

    with Sorter.open(out, SortOptions(placing=placing)) as sorter:
        came, error = until_it_fails(sorter.place_all(meddled()))
    assert "moved away, removed or replaced" in str(error)
    assert len(came) == GROUP
    home = out.with_name("moved") if deed is replace_folder else out
    assert len(names(home)) == GROUP
    assert_nothing_lost(before, source, home)
    assert deed is not replace_folder or whole(out) == {}
    if deed is replace_folder:
        assert {str(entry.target) for entry in journal_entries(home)} == set(names(home))
        out.rmdir()
        home.rename(out)
        sort(source, out, SortOptions(placing=placing))
        assert len(list(journal_entries(out))) == len(names(out)) == 2 * GROUP


@pytest.mark.parametrize("deed", [replace_folder, remove_journal, remove_journal_file])
def test_the_command_ends_with_exit_code_5_and_accounts_for_every_file(
    tf_files: Path,
    source: Path,
    out: Path,
    *,
    deed: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_pictures(source, {f"{number:03}.png": (RED, GREEN, BLUE)[number % 3] for number in range(3 * GROUP)})
    groups = 0

    def meddle(step: str) -> None:
        nonlocal groups
        groups += step == "planned"
        if groups == 2 and step == "journalled":
            deed(out)

    monkeypatch.setattr(failpoints, "failpoint", meddle)
    assert run(["guess-dir", str(tf_files), str(source), str(out), "--json"]) == 5
    said, errors = capfd.readouterr()
    summary = json.loads(said.splitlines()[-1])
    assert_adds_up(summary, 3 * GROUP)
    assert "moved away, removed or replaced" in errors
    assert (summary["sorted"], summary["failed"]) == (2 * GROUP, GROUP)


@pytest.mark.parametrize("deed", [replace_folder, remove_journal])
def test_a_watcher_waits_for_its_output_and_journal(place: Place, deed: Callable[[Path], None]) -> None:
    place.drop(0)
    with watching(place, "--poll", "0.5") as watcher:
        watcher.wait_until_sorted(1)
        wait_until(lambda: names(place.inbox) == [])
        shutil.copytree(place.out / ".pigeonhole", place.folder / "kept")
        deed(place.out)
        watcher.wait_for("Nothing is sorted until this is fixed")
        place.drop(1)
        if deed is replace_folder:
            place.out.rmdir()
            place.out.with_name("moved").rename(place.out)
        else:
            assert names(place.out) == ["red_things-0.99998.png"]
            (place.folder / "kept").rename(place.out / ".pigeonhole")
        watcher.wait_until_sorted(2)
        watcher.wait_for("Resolved: ")
        summary = watcher.stop()
    assert (summary["seen"], summary["sorted"]) == (2, 2)
    assert len(list(journal_entries(place.out))) == 2


@needs_root
@pytest.mark.parametrize("inner", ["out in", "out below in", "in below out"])
def test_an_output_that_a_mount_hides_in_the_input_is_refused(
    tf_files: Path, source: Path, tmp_path: Path, inner: str
) -> None:
    write_pictures(source, {"a.png": RED, "below/b.png": BLUE})
    before = whole(source)
    shown = tmp_path / "shown"
    shown.mkdir()
    folder = {"out in": source, "out below in": source / "below", "in below out": source / "below"}[inner]
    with bound(folder, shown):
        first, second = (shown, source) if inner == "in below out" else (source, shown)
        for command in ("guess-dir", "watch"):
            result = pigeonhole(command, tf_files, first, second, "--copy")
            assert result.returncode == 2, result.stderr
            assert "lies in" in result.stderr
    assert whole(source) == before


@needs_root
def test_a_watcher_never_sorts_its_own_output_wherever_a_mount_shows_it(place: Place) -> None:
    """Where the system does not tell what is mounted where, a marker in the output does: here it is mounted later."""
    place.out.mkdir()
    (place.inbox / "shown").mkdir()
    place.drop(0, 1)
    with watching(place, "--copy", "--recursive", "--poll", "0.2") as watcher:
        watcher.wait_until_sorted(2)
        with bound(place.out, place.inbox / "shown"):
            place.drop(2)
            watcher.wait_until_sorted(3)
            place.drop(3)
            watcher.wait_until_sorted(4)
            summary = watcher.stop()
    assert summary["sorted"] == 4
    assert contents(place.out) == contents(place.inbox)


@needs_root
def test_a_folder_run_skips_its_output_wherever_a_mount_shows_it(source: Path, out: Path) -> None:
    write_files(source, 3)
    sort(source, out)
    (source / "shown").mkdir()
    with bound(out, source / "shown"), Sorter.open(out, SortOptions()) as sorter:
        found = list(find(source, leave_out=sorter.is_output))
    assert [(item.path.name, getattr(item, "reason", "")) for item in found if item.path.name == "shown"] == [
        ("shown", "the output folder")
    ]
    assert len(found) == 4


def test_a_copy_of_an_output_is_sorted_like_any_other_folder(source: Path, out: Path) -> None:
    write_files(source, 2)
    sort(source, out)
    shutil.copytree(out, source / "kept")
    with Sorter.open(out, SortOptions()) as sorter:
        found = [each for each in find(source, leave_out=sorter.is_output) if isinstance(each, Found)]
    assert len(found) == 4


def test_a_marker_that_is_a_pipe_is_not_waited_for(source: Path, out: Path) -> None:
    write_files(source, 1)
    (source / ".pigeonhole").mkdir()
    os.mkfifo(source / ".pigeonhole" / "marker")
    assert [type(outcome) for outcome in sort(source, out)].count(Placed) == 1


@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE, Placing.HARDLINK])
def test_an_output_that_goes_while_a_file_is_placed_is_named_as_that(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *, placing: Placing
) -> None:
    """Not as a disk without room, which is what it looks like to the copy that finds no folder."""
    before = write_files(source, 3)
    moved = out.with_name("moved")

    def goes(name: str) -> None:
        if name in {"part made", "published", "linked", "renamed"} and not moved.exists():
            out.rename(moved)

    monkeypatch.setattr(failpoints, "failpoint", goes)
    with Sorter.open(out, SortOptions(placing=placing)) as sorter:
        _, error = until_it_fails(sorter.place_all(answers(find(source))))
    assert "moved away, removed or replaced" in str(error)
    assert "room" not in str(error)
    assert_nothing_lost(before, source, moved)
