"""Many want one name: nothing is overwritten, whoever else writes to the output."""

import errno
import gc
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import crowd
from oracle import (
    assert_exactly_once,
    assert_no_leftovers,
    contents,
    whole,
    write_files,
)
from pigeonhole import failpoints
from pigeonhole.files import publish
from pigeonhole.placing import Placing, place
from pigeonhole.records import Placed
from pigeonhole.sorting import SortOptions, Template
from pigeonhole.sorting.free_names import FreeNames, PromisedOnDisk, ignores_case
from pigeonhole.sorting.template import INTO_FOLDERS, Name
from sorting_room import sort
from watching import HANGS

FOLDERS = Template(INTO_FOLDERS)


def at_step(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """`act` happens once, when the sorter reaches the step `name`: someone else is quicker."""
    waiting = [act]

    def reached(step: str) -> None:
        if step == name and waiting:
            waiting.pop()()

    monkeypatch.setattr(failpoints, "failpoint", reached)


def test_one_name_and_32_processes_give_32_complete_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, crowd.__file__, tmp_path, "32"], check=True, timeout=HANGS)
    names = {"a.jpg", *(f"a-{number}.jpg" for number in range(2, 33))}
    assert set(whole(tmp_path)) == names
    assert {path.read_text() for path in tmp_path.iterdir()} == {f"content of {number}" for number in range(32)}


def test_a_hundred_equal_names_from_a_hundred_folders_all_survive(source: Path, out: Path) -> None:
    for number in range(100):
        (source / str(number)).mkdir()
        (source / str(number) / "same.png").write_bytes(bytes([number]))
    before = contents(source)
    sort(source, out, SortOptions(placing=Placing.MOVE, template=FOLDERS))
    assert_exactly_once(before, source, out)
    assert set(whole(out)) == {"elsa", "elsa/same.png", *(f"elsa/same-{number}.png" for number in range(2, 101))}


@pytest.mark.parametrize("placing", list(Placing))
def test_a_name_that_a_foreign_program_takes_at_the_last_moment_is_left_to_it(
    source: Path, out: Path, placing: Placing, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(source, 1)
    at_step(monkeypatch, "planned", lambda: (out / "elsa-0.99621.png").write_text("foreign"))
    (outcome,) = sort(source, out, SortOptions(placing=placing))
    assert isinstance(outcome, Placed)
    assert outcome.target.name == "elsa-0.99621-2.png"
    assert (out / "elsa-0.99621.png").read_text() == "foreign"
    assert_no_leftovers(out, source)


@pytest.mark.parametrize("name", ["EXDEV", "EINVAL", "EPERM", "ENOTSUP", "ENOSYS", "EACCES"])
@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
def test_where_files_cannot_be_renamed_or_linked_they_are_copied_and_nothing_is_overwritten(
    source: Path, out: Path, placing: Placing, name: str
) -> None:
    before = write_files(source, 3)
    out.mkdir()
    (out / "elsa-0.99621.png").write_text("somebody else's")
    script = (
        "import sys; from pathlib import Path; import sorting_room as room;"
        "from pigeonhole.placing import Placing; from pigeonhole.sorting import SortOptions;"
        "room.cannot(sys.argv[1]);"
        "room.sort(Path(sys.argv[2]), Path(sys.argv[3]), SortOptions(placing=Placing(sys.argv[4])))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", script, name, str(source), str(out), placing]
    subprocess.run(command, env=environment, check=True, timeout=HANGS)
    assert (out / "elsa-0.99621.png").read_text() == "somebody else's"
    (out / "elsa-0.99621.png").unlink()
    assert contents(out) == before
    assert_no_leftovers(source, out)
    assert contents(source) == ({} if placing is Placing.MOVE else before)


def test_two_names_that_differ_in_case_survive_where_that_makes_no_difference(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such file system can be made here: its answers are given in its place."""

    def renaming(old: Path, new: Path) -> None:
        if new.parent.is_dir() and new.name.casefold() in {entry.name.casefold() for entry in new.parent.iterdir()}:
            raise FileExistsError(errno.EEXIST, "File exists")
        rename(old, new)

    rename = publish.rename_without_replacing
    monkeypatch.setattr(place, "rename_without_replacing", renaming)
    for folder, name in (("a", "Cat.jpg"), ("b", "cat.JPG")):
        (source / folder).mkdir()
        (source / folder / name).write_text(name)
    before = contents(source)
    sort(source, out, SortOptions(placing=Placing.MOVE, template=FOLDERS))
    assert_exactly_once(before, source, out)
    assert len({name.casefold() for name in whole(out)}) == 3


def test_names_are_promised_once_where_case_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pigeonhole.sorting.free_names.ignores_case", lambda folder: True)
    names = FreeNames(tmp_path, set())
    given = [
        names.next_free(Name.of(Path("cat").parent, name))
        for name in ("Cat.jpg", "cat.JPG", "STRASSE.png", "straße.png")
    ]
    assert [str(name) for name in given] == ["Cat.jpg", "cat-2.JPG", "STRASSE.png", "straße-2.png"]


def test_this_file_system_knows_capitals(tmp_path: Path) -> None:
    assert not ignores_case(tmp_path)


def test_the_database_of_a_dry_run_is_closed_with_it() -> None:
    promised = PromisedOnDisk()
    connection = promised._connection
    del promised
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
