"""An OUT that a stranger prepared: what its journal says never leads anywhere that the user has not named."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands import pigeonhole
from disks import needs_root
from models import write_colour_model
from oracle import HIDDEN, File, contents, whole, write_files
from pigeonhole.errors import OutputError, UsageError
from pigeonhole.placing import Placing, Refused, Undone, undo
from pigeonhole.prepare.ledger import Announced, Ledger
from pigeonhole.sorting import Sorter, SortOptions
from sorting_room import sort
from trees import RED, tree, write_pictures

MOVE = SortOptions(placing=Placing.MOVE)
JOURNAL = Path(".pigeonhole") / "journal.sqlite"


def edit(out: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(out / JOURNAL, isolation_level=None)) as connection:
        connection.execute(statement, values)


def seen(folder: Path) -> dict[str, File | str]:
    """Everything below `folder` but what is in folders of our own."""
    return {name: entry for name, entry in whole(folder).items() if HIDDEN not in Path(name).parts}


def given_away(out: Path) -> Path:
    """A copy of `out`, as one gets it in an archive."""
    return shutil.copytree(out, out.with_name("given"), symlinks=True)


@pytest.mark.parametrize("target", ["/etc/passwd", "../victim", "a/../../victim", ".pigeonhole/lock", ""])
@pytest.mark.parametrize("state", ["done", "planned"])
def test_a_target_outside_the_output_is_refused(source: Path, out: Path, target: str, state: str) -> None:
    write_files(source, 2)
    sort(source, out, MOVE)
    edit(out, "UPDATE file SET target = ?, state = ? WHERE id = 1", target.encode(), state)
    (out.parent / "victim").write_bytes(b"someone's own")
    before = seen(out.parent)
    with pytest.raises(OutputError, match="is damaged or not ours: it speaks of a place outside the folder"):
        list(undo(out))
    assert seen(out.parent) == before
    if state == "planned":
        with pytest.raises(OutputError, match="it speaks of a place outside the folder"):
            Sorter.open(out, MOVE)
        assert seen(out.parent) == before


def test_a_folder_to_remove_outside_the_output_is_refused(source: Path, out: Path) -> None:
    write_files(source, 1)
    sort(source, out, MOVE)
    (out.parent / "empty").mkdir()
    edit(out, "INSERT INTO folder VALUES (?)", b"../empty")
    with pytest.raises(OutputError, match="it speaks of a place outside the folder"):
        list(undo(out))
    assert (out.parent / "empty").is_dir()


@pytest.mark.parametrize("text", ["relative", "/a/../b"])
def test_a_source_that_is_no_absolute_path_is_refused(source: Path, out: Path, text: str) -> None:
    write_files(source, 1)
    sort(source, out, MOVE)
    edit(out, "UPDATE file SET source = ?", text.encode())
    with pytest.raises(OutputError, match="which is no absolute path"):
        list(undo(out))


def test_a_link_in_the_output_is_not_followed_to_someone_elses_file(source: Path, out: Path) -> None:
    """A copy is taken back by removing what stands in the output, here a file of the user's own behind a link."""
    write_files(source, 1)
    sort(source, out, SortOptions())
    mine = out.parent / "mine"
    mine.mkdir()
    (target,) = (path for path in out.iterdir() if path.is_file())
    target.rename(mine / target.name)
    (out / "linked").symlink_to(mine)
    edit(out, "UPDATE file SET target = ?", os.fsencode(f"linked/{target.name}"))
    before = seen(out.parent)
    (refused,) = undo(out)
    assert isinstance(refused, Refused)
    assert refused.reason == "one of its folders in the output is a link to somewhere else now"
    assert seen(out.parent) == before


def test_undo_asks_where_pictures_of_a_journal_from_elsewhere_may_go(source: Path, out: Path) -> None:
    write_files(source, 3)
    sort(source, out, MOVE)
    given = given_away(out)
    before = seen(out.parent)
    with pytest.raises(UsageError) as asked:
        list(undo(given))
    assert f"says that 3 files came from {source}" in str(asked.value)
    assert f"add: --back-to {source}" in str(asked.value)
    assert seen(out.parent) == before


def test_undo_takes_back_what_came_from_the_folder_that_was_named(tmp_path: Path, source: Path, out: Path) -> None:
    write_files(source, 3)
    wanted = whole(source)
    sort(source, out, MOVE)
    given = given_away(out)
    elsewhere = tmp_path / "elsewhere" / "a.png"
    edit(given, "UPDATE file SET source = ? WHERE id = 2", os.fsencode(elsewhere))
    results = list(undo(given, [source]))
    assert [type(result) for result in results].count(Undone) == 2
    (refused,) = (result for result in results if isinstance(result, Refused))
    assert (refused.source, refused.reason) == (elsewhere, "its old place is not below a folder named with --back-to")
    assert not elsewhere.parent.exists()
    assert whole(source).items() < wanted.items()
    assert len(contents(source)) == 2


def test_a_folder_that_is_named_does_not_reach_through_links(tmp_path: Path, source: Path, out: Path) -> None:
    write_files(source, 1)
    sort(source, out, MOVE)
    given = given_away(out)
    (tmp_path / "victim").mkdir()
    (source / "link").symlink_to(tmp_path / "victim")
    edit(given, "UPDATE file SET source = ?", os.fsencode(source / "link" / "a.png"))
    assert [type(result) for result in undo(given, [source])] == [Refused]
    assert list((tmp_path / "victim").iterdir()) == []


@pytest.mark.parametrize("state", ["planned", "placed", "undoing"])
def test_a_plain_run_touches_nothing_that_only_a_strangers_journal_names(
    tmp_path: Path, source: Path, out: Path, state: str
) -> None:
    """The journal says that a file of the user's is a copy that is to be removed, or to be written."""
    write_files(source, 2)
    sort(source, out, MOVE)
    victim = tmp_path / "victim" / "a.png"
    victim.parent.mkdir()
    (target,) = (path for path in sorted(out.iterdir())[:1])
    shutil.copy2(next(path for path in out.iterdir() if path.is_file()), victim)
    given = given_away(out)
    for number in (1, 2):
        edit(given, "UPDATE file SET state = ?, source = ? WHERE id = ?", state, os.fsencode(victim), number)
    before = seen(tmp_path)
    with pytest.raises(OutputError, match=r"was not made here, and says of .*victim/a\.png, which you did not name"):
        Sorter.open(given, MOVE, source)
    assert seen(tmp_path) == before
    assert target.exists()


def test_an_interrupted_run_into_a_copied_output_is_finished_for_the_folder_that_is_sorted(
    source: Path, out: Path
) -> None:
    write_files(source, 2)
    wanted = whole(source)
    sort(source, out, MOVE)
    given = given_away(out)
    edit(given, "UPDATE file SET state = 'placed'")
    with Sorter.open(given, MOVE, source) as sorter:
        assert "2 of its files were finished" in " ".join(sorter.notes)
    assert len(list(undo(given, [source]))) == 2
    assert whole(source) == wanted


def test_a_moved_output_stays_ones_own(source: Path, out: Path) -> None:
    write_files(source, 2)
    wanted = whole(source)
    sort(source, out, MOVE)
    moved = out.rename(out.with_name("moved"))
    assert {type(result) for result in undo(moved)} == {Undone}
    assert whole(source) == wanted


def test_the_commands_ask_by_a_sentence_and_obey_the_option(tmp_path: Path) -> None:
    tf_files, source = write_colour_model(tmp_path / "tf"), tmp_path / "in"
    write_pictures(source, {"a.png": RED})
    before = tree(source)
    assert pigeonhole("guess-dir", tf_files, source, tmp_path / "out", "--move").returncode == 0
    given = given_away(tmp_path / "out")
    asked = pigeonhole("undo", given)
    assert asked.returncode == 2
    assert f"If they may go back there, add: --back-to {source}" in asked.stderr
    assert tree(source) == {}
    done = pigeonhole("undo", given, "--back-to", source)
    assert (done.returncode, done.stderr) == (0, "1 undone, 0 refused.\n")
    assert tree(source) == before


@needs_root
def test_a_folder_of_another_owner_is_refused(source: Path, out: Path) -> None:
    write_files(source, 2)
    sort(source, out, MOVE)
    os.chown(out / ".pigeonhole", 12345, 12345)
    before = whole(out)
    for attempt in (lambda: list(undo(out)), lambda: Sorter.open(out, MOVE)):
        with pytest.raises(OutputError, match="belongs to another user"):
            attempt()
    assert whole(out) == before


@pytest.mark.parametrize("target", ["/etc/passwd", "../victim", ".pigeonhole/lock"])
def test_a_prepared_folders_ledger_leads_nowhere_else(tmp_path: Path, target: str) -> None:
    ledger = Ledger(tmp_path / "prepared.sqlite")
    job = ledger.job("frames")
    ledger.announce(job, [(b"1", "", [Announced(Path("a.jpg"), "0")])])
    with closing(sqlite3.connect(tmp_path / "prepared.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE file SET target = ?", (target.encode(),))
    for question in (ledger.unfinished, lambda: ledger.announced(job, b"1")):
        with pytest.raises(OutputError, match="it speaks of a place outside the folder"):
            question()
    ledger.close()
