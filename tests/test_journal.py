"""What is remembered: reruns do nothing twice, what changed is sorted again, and a damaged memory is refused."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import sorting_room
from oracle import contents, whole, write_files
from pigeonhole.errors import OutputError
from pigeonhole.files import find
from pigeonhole.journal import journal_file
from pigeonhole.journal.journal import Journal
from pigeonhole.placing import Placing, journal_entries
from pigeonhole.records import Found, Identity, Placed, Skipped
from pigeonhole.sorting import Sorter, SortOptions
from sorting_room import guess, sort

MOVE = SortOptions(placing=Placing.MOVE)


def is_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds and more have gone by since `path` was touched, as far as the sorter's clock tells."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10_000_000_000)


def opened(path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> bool:
    """Whether `act` opens `path`."""
    names = []
    open_file = os.open

    def spying(name: str | Path, *more: int) -> int:
        names.append(Path(name))
        return open_file(name, *more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", spying)
        act()
    return path in names


@pytest.mark.parametrize("placing", [Placing.COPY, Placing.HARDLINK, Placing.SYMLINK])
def test_a_second_run_does_nothing_twice(source: Path, out: Path, placing: Placing) -> None:
    write_files(source, 40)
    options = SortOptions(placing=placing)
    sort(source, out, options)
    before = whole(out)
    assert {type(outcome) for outcome in sort(source, out, options)} == {Skipped}
    assert whole(out) == before
    assert len(list(journal_entries(out))) == 40


def test_a_known_file_is_not_opened_again(source: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"a")
    is_old(picture, monkeypatch)
    sort(source, out)
    with Sorter.open(out, SortOptions()) as sorter:
        assert not opened(picture, monkeypatch, lambda: sorter.outcome_before(Found(picture, Path("a.png"))))
        assert sorter.outcome_before(Found(picture, Path("a.png")))


def test_a_file_that_is_too_young_for_its_times_to_tell_is_compared_by_content_once(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"a")
    found = Found(picture, Path("a.png"))
    sort(source, out)
    with Sorter.open(out, SortOptions()) as sorter:
        is_old(picture, monkeypatch)
        assert opened(picture, monkeypatch, lambda: sorter.outcome_before(found))
    with Sorter.open(out, SortOptions()) as sorter:
        assert not opened(picture, monkeypatch, lambda: sorter.outcome_before(found))


def test_a_file_whose_times_were_touched_is_known_by_its_content(source: Path, out: Path) -> None:
    write_files(source, 1)
    sort(source, out)
    shutil.copy(source / "sub/000.png", source / "sub/copy")
    (source / "sub/copy").rename(source / "sub/000.png")
    assert sort(source, out) == [Skipped(source / "sub/000.png", "already sorted")]


def test_the_same_file_is_known_however_its_folder_is_spelled(
    source: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(source, 2)
    (tmp_path / "link").symlink_to(source)
    sort(source, out)
    monkeypatch.chdir(source)
    assert {type(outcome) for outcome in sort(tmp_path / "link", out)} == {Skipped}
    assert {type(outcome) for outcome in sort(Path("../in"), out)} == {Skipped}


def test_an_edited_file_is_sorted_again_though_its_size_and_time_are_the_same(source: Path, out: Path) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"old")
    os.utime(picture, ns=(10**18, 10**18))
    sort(source, out)
    picture.write_bytes(b"new")
    os.utime(picture, ns=(10**18, 10**18))
    (outcome,) = sort(source, out)
    assert isinstance(outcome, Placed)
    assert sorted(path.read_bytes() for path in out.glob("*.png")) == [b"new", b"old"]


def test_two_files_with_equal_size_and_time_or_equal_content_are_both_kept(source: Path, out: Path) -> None:
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"one")):
        (source / f"{name}.png").write_bytes(content)
        os.utime(source / f"{name}.png", ns=(10**18, 10**18))
    before = contents(source)
    sort(source, out, MOVE)
    assert contents(out) == before


def test_a_new_file_under_a_moved_ones_name_is_sorted_whatever_it_holds(source: Path, out: Path) -> None:
    for _ in range(3):
        (source / "a.png").write_bytes(b"the same")
        sort(source, out, MOVE)
    assert contents(out).total() == 3


def test_a_result_that_was_taken_away_does_not_come_back_by_itself(source: Path, out: Path) -> None:
    write_files(source, 1)
    sort(source, out)
    (out / "elsa-0.99621.png").unlink()
    assert {type(outcome) for outcome in sort(source, out)} == {Skipped}
    assert whole(out) == {}


def test_unreadable_files_are_read_again_only_when_asked_or_changed(source: Path, out: Path) -> None:
    bad = Found(source / "a.jpg", Path("a.jpg"))
    bad.path.write_text("cut off")
    with Sorter.open(out, SortOptions()) as sorter:
        sorter.place(sorting_room.unreadable(bad.path))
        assert sorter.outcome_before(bad)
    with Sorter.open(out, SortOptions(retry_unreadable=True)) as sorter:
        assert not sorter.outcome_before(bad)
        again = sorter.place(sorting_room.unreadable(bad.path))
        assert getattr(again, "target", None) == out / "_unreadable" / "a.jpg"
        assert isinstance(sorter.place(guess(bad.path)), Placed)  # with a plug-in that was installed since
    assert set(whole(out)) == {"_unreadable", "_unreadable/a.jpg", "elsa-0.99621.jpg"}


def test_numbers_count_on_over_runs(source: Path, out: Path) -> None:
    write_files(source, 2)
    sort(source, out)
    (source / "later.png").write_bytes(b"later")
    sort(source, out)
    assert [entry.id for entry in journal_entries(out)] == [1, 2, 3]


def test_odd_numbers_of_odd_file_systems_are_remembered(tmp_path: Path, out: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"a")
    answer = guess(picture)
    with Sorter.open(out, SortOptions()) as sorter:
        sorter.place(answer)
    with closing(Journal.open(out / ".pigeonhole")) as journal:
        (row,) = journal.oldest_first()
        row.identity = Identity(2**64 - 1, 2**64 - 2, 10**12, 2**63 + 5, -5)
        journal.update([row])
        (row,) = journal.oldest_first()
        assert (row.identity.device, row.identity.inode, row.identity.ctime_ns) == (2**64 - 1, 2**64 - 2, -5)


def damaged(path: Path, where: float) -> None:
    data = bytearray(path.read_bytes())
    start = int(len(data) * where)
    data[start : start + 6000] = os.urandom(6000)  # more than a page, so that it is not only unused space
    path.write_bytes(data)


def cut(path: Path, where: float) -> None:
    os.truncate(path, int(path.stat().st_size * where))


def empty(path: Path, where: float) -> None:
    os.truncate(path, 0)


def gone(path: Path, where: float) -> None:
    path.unlink()


def foreign(path: Path, where: float) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE file (id INTEGER)")
    connection.close()


def newer(path: Path, where: float) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def a_folder(path: Path, where: float) -> None:
    path.unlink()
    path.mkdir()


@pytest.fixture(scope="module")
def sorted_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output with a journal of many pages."""
    folder = tmp_path_factory.mktemp("sorted before")
    write_files(folder / "in", 400, size=10)
    sort(folder / "in", folder / "out")
    return folder / "out"


@pytest.mark.parametrize(
    ("harm", "where"),
    [*((damaged, n / 10) for n in range(9)), *((cut, n / 10) for n in range(1, 10))]
    + [(harm, 0.0) for harm in (empty, gone, foreign, newer, a_folder)],
)
def test_a_harmed_journal_is_refused_before_anything_is_touched(
    sorted_before: Path, source: Path, out: Path, harm: Callable[[Path, float], None], where: float
) -> None:
    shutil.copytree(sorted_before, out)
    write_files(source, 3)
    harm(out / ".pigeonhole" / "journal.sqlite", where)
    before = whole(source), whole(out)
    for options in (MOVE, SortOptions(dry_run=True)):
        with pytest.raises(OutputError) as refused:
            sort(source, out, options)
        assert "The journal " in str(refused.value)
        assert str(out) in str(refused.value)
    assert (whole(source), whole(out)) == before


def test_a_journal_that_was_just_begun_when_the_process_died_is_begun_anew(source: Path, out: Path) -> None:
    write_files(source, 1)
    memory = out / ".pigeonhole"
    memory.mkdir(parents=True)
    (memory / "lock").write_text("12345\n")
    (memory / "journal.sqlite.new").write_bytes(b"SQLite format 3\0 and half a page")
    assert len(sort(source, out)) == 1
    assert not (memory / "journal.sqlite.new").exists()
    (memory / "README.txt").unlink()
    sort(source, out)
    (memory / "journal.sqlite").unlink()
    with pytest.raises(OutputError, match="is missing"):
        sort(source, out)


def test_a_torn_log_of_the_journal_harms_no_file(source: Path, out: Path, tmp_path: Path) -> None:
    """What was written last is lost, as if it had never been done; what stands in the output stays."""
    before = write_files(source, 3)
    sorter = Sorter.open(out, SortOptions())
    list(sorter.place_all([guess(path) for path in sorted(source.rglob("*.png"))]))
    shutil.copytree(out, tmp_path / "pulled the plug")
    sorter.close()
    torn = tmp_path / "pulled the plug"
    log = torn / ".pigeonhole" / "journal.sqlite-wal"
    for size in range(log.stat().st_size, 0, -1500):
        os.truncate(log, size)
        copy = tmp_path / "again"
        shutil.copytree(torn, copy)
        sort(source, copy)
        assert contents(copy) >= before
        assert contents(source) == before
        shutil.rmtree(copy)


def test_where_the_file_system_shares_no_memory_the_journal_is_kept_another_way(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_write_ahead", lambda connection: "")
    write_files(source, 3)
    with Sorter.open(out, MOVE) as sorter:
        assert any("in a slower way" in note for note in sorter.notes)
        list(sorter.place_all(sorting_room.answers(find(source))))
    assert contents(out).total() == 3
    assert not (out / ".pigeonhole" / "journal.sqlite-wal").exists()


def holder(out: Path) -> "subprocess.Popen[str]":
    """A real second process that is sorting into `out`."""
    script = (
        "import sys, time; from pathlib import Path; from pigeonhole.sorting import Sorter, SortOptions\n"
        "with Sorter.open(Path(sys.argv[1]), SortOptions()): print('open', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(out)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    return process


def test_a_second_process_is_told_who_sorts_and_leaves_and_a_dead_ones_lock_is_taken_over(
    source: Path, out: Path
) -> None:
    write_files(source, 1)
    with holder(out) as process:
        with pytest.raises(OutputError, match=f"Process {process.pid} is sorting into") as refused:
            sort(source, out)
        assert refused.value.exit_code == 5
        assert whole(out) == {}
        process.kill()
    assert len(sort(source, out)) == 1


def test_one_process_cannot_sort_into_one_folder_twice(out: Path) -> None:
    with Sorter.open(out, SortOptions()), pytest.raises(OutputError, match="is sorting into"):
        Sorter.open(out, SortOptions())
    Sorter.open(out, SortOptions()).close()


def test_looking_writes_nothing_while_another_process_sorts(source: Path, out: Path) -> None:
    write_files(source, 3)
    sort(source, out)
    with holder(out) as process:
        assert len(list(journal_entries(out))) == 3
        assert len(sort(source, out, SortOptions(dry_run=True))) == 3
        process.kill()


def test_looking_after_a_kill_says_that_there_is_something_left(source: Path, out: Path) -> None:
    mortals = sorting_room.mortals()
    write_files(source, 3)
    assert mortals.killed_at(3, "sort", "copy", source, out)
    mortals.close()
    before = whole(out)
    with Sorter.open(out, SortOptions(dry_run=True)) as sorter:
        assert sorter.notes == ("An earlier run was interrupted: the next one first finishes or rolls back its files.",)
    assert {entry.state for entry in journal_entries(out)} == {"planned"}
    assert whole(out) == before


def test_leftover_parts_of_a_dead_run_go_and_foreign_ones_stay(
    source: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mortals = sorting_room.mortals()
    write_files(source, 3)
    assert mortals.killed_at(2, "sort", "copy", source, out) == "part made"
    mortals.close()
    (out / ".pigeonhole-somebody-1.part").write_text("of another, living run")
    assert len([path for path in out.iterdir() if path.name.endswith(".part")]) == 2
    sort(source, out)
    assert [path.name for path in out.iterdir() if path.name.endswith(".part")] == [".pigeonhole-somebody-1.part"]
