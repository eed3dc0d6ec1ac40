"""What a person decides: nothing of it is lost, and no file is, by whatever happens between two steps."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import deciding_room
from commands import called
from deciding_room import decide, settled_desk, undo
from mortal import Mortals
from pigeonhole import own_names
from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files import Lock
from pigeonhole.labelling.category import category_named
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.pictures import pictures_in
from pigeonhole.workspace import Workspace
from trees import BLUE, GREEN, RED, tree, write_pictures


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    made = deciding_room.mortals()
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path, tf_files: Path) -> Path:
    """A folder with TF_FILES and `out`, into which three pictures were sorted."""
    write_pictures(tmp_path / "in", {"b.png": BLUE, "g.png": GREEN, "r.png": RED})
    assert called("guess-dir", tf_files, tmp_path / "in", tmp_path / "out", "--move").returncode == 0
    return tmp_path


def hidden_leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".pigeonhole-*") if path.is_file()]


@pytest.mark.parametrize("action", ["decide", "undo"])
def test_a_kill_between_any_two_steps_loses_nothing(
    mortals: Mortals, place: Path, tf_files: Path, tmp_path: Path, action: str
) -> None:
    out, data = place / "out", tf_files / "data"
    if action == "undo":
        desk = settled_desk(tf_files, tf_files.parent / "out")
        decide(desk, out)
        desk.settle()
        desk.close()
    kept = tmp_path.parent / f"{tmp_path.name} kept"
    shutil.copytree(place, kept, symlinks=True)
    before = set(tree(out).values())
    reached: set[str] = set()
    for step in range(1, 200):
        shutil.rmtree(place)
        shutil.copytree(kept, place, symlinks=True)
        name = mortals.killed_at(step, action, tf_files, out)
        if name is None:
            break
        reached.add(name)
        assert before <= set(tree(place).values()), name
        desk = settled_desk(tf_files, tf_files.parent / "out")
        decisions = desk.in_force()
        assert set(tree(out).values()) == before, name
        assert sorted(tree(data).values()) == sorted(each.sha256 for each in decisions if each.category), name
        assert {each.place.relative_to(out.resolve()).as_posix() for each in decisions} <= set(tree(out)), name
        assert hidden_leftovers(place) == [], name
        undo(desk)
        desk.settle()
        assert not desk.refusals(), name
        assert tree(data) == {}, name
        assert all("-0." in each for each in tree(out)), name
        assert set(tree(out).values()) == before, name
        desk.close()
    wanted = (
        {"step begun", "step placed", "step done"} if action == "decide" else {"step taken back", "undo journalled"}
    )
    assert wanted <= reached
    shutil.rmtree(kept)


def test_what_another_process_holds_is_done_when_it_lets_go(
    monkeypatch: pytest.MonkeyPatch, place: Path, tf_files: Path
) -> None:
    monkeypatch.setattr("pigeonhole.labelling.carry_out.PATIENCE_SECONDS", 0.2)
    out = place / "out"
    sorting = Lock(out / own_names.FOLDER / "lock")  # as a run has it that gives no way
    desk = Desk(Workspace(tf_files), [out])
    (blue, *_) = sorted(pictures_in(out), key=lambda picture: picture.path)
    with pytest.raises(UsageError, match="needs a name"):
        desk.decide([(blue, "  ")])
    names = set(tree(out))
    desk.decide([(blue, "others")])
    desk.settle()
    (trouble,) = desk.troubles()
    assert "waits until" in trouble
    assert set(tree(out)) == names
    sorting.release()
    while desk.counts()[1]:
        desk.settle()
    assert "others-checked.png" in tree(out)
    assert set(tree(tf_files / "data")) == {"others/b.png"}
    desk.close()


def test_a_batch_is_taken_back_as_one(place: Path, tf_files: Path) -> None:
    out, desk = place / "out", settled_desk(tf_files, tf_files.parent / "out")
    before = tree(place)
    blue, green, red = sorted(pictures_in(out), key=lambda picture: picture.path)
    desk.decide([(blue, "cold")])
    desk.decide([(green, "warm")], batch="one")
    desk.decide([(red, "warm")], batch="one")
    desk.settle()
    assert set(tree(tf_files / "data")) == {"cold/b.png", "warm/g.png", "warm/r.png"}
    assert len(desk.undo()) == 2
    desk.settle()
    assert set(tree(tf_files / "data")) == {"cold/b.png"}
    assert len(desk.undo()) == 1
    desk.settle()
    assert tree(place) == before
    assert desk.undo() == []
    desk.close()


def test_a_picture_that_is_learnt_from_already_is_moved_to_its_new_category(place: Path, tf_files: Path) -> None:
    out, desk = place / "out", settled_desk(tf_files, tf_files.parent / "out")
    blue = min(pictures_in(out), key=lambda picture: picture.path)
    write_pictures(tf_files / "data", {"wrong/known.png": BLUE, "wrong/other.png": RED})
    assert blue.sha256
    desk.know_training([(blue.sha256, tf_files / "data" / "wrong" / "known.png", "wrong")])
    desk.decide([(blue, "right")])
    desk.settle()
    assert set(tree(tf_files / "data")) == {"right/known.png", "wrong/other.png"}
    desk.undo()
    desk.settle()
    assert set(tree(tf_files / "data")) == {"wrong/known.png", "wrong/other.png"}
    desk.close()


def test_a_training_picture_that_was_edited_stays_when_its_decision_is_taken_back(place: Path, tf_files: Path) -> None:
    out, desk = place / "out", settled_desk(tf_files, tf_files.parent / "out")
    blue = min(pictures_in(out), key=lambda picture: picture.path)
    desk.decide([(blue, "cold")])
    desk.settle()
    write_pictures(tf_files / "data", {"cold/b.png": (7, 7, 7)})
    edited = tree(tf_files / "data")
    desk.undo()
    desk.settle()
    assert tree(tf_files / "data") == edited
    assert "no longer what was put there" in desk.refusals()[0]
    assert all("-0." in name for name in tree(out))
    desk.close()


def test_a_file_of_decisions_from_elsewhere_moves_nothing_outside_the_named_folders(
    place: Path, tf_files: Path
) -> None:
    out, desk = place / "out", settled_desk(tf_files, tf_files.parent / "out")
    decide(desk, out)
    desk.settle()
    desk.close()
    stranger = place / "stranger"
    stranger.mkdir()
    shutil.copytree(tf_files / own_names.FOLDER, stranger / own_names.FOLDER)
    before = tree(place)
    desk = Desk(Workspace(stranger))
    undo(desk)
    desk.settle()
    assert any("Start the page with its folder" in trouble for trouble in desk.troubles())
    assert tree(place) == before
    desk.close()


@pytest.mark.parametrize("is_named", [True, False])
def test_a_copied_output_with_work_left_is_taken_over_where_the_folder_of_that_work_was_named(
    place: Path, tf_files: Path, is_named: bool
) -> None:
    copy = shutil.copytree(place / "out", place / "copy")
    with closing(sqlite3.connect(copy / own_names.FOLDER / "journal.sqlite", isolation_level=None)) as journal:
        journal.execute("UPDATE file SET state = 'planned' WHERE id = 1")
    before = tree(place)
    named = [copy, place / "in"] if is_named else [copy]
    desk = Desk(Workspace(tf_files), named)
    (picture, *_) = sorted(pictures_in(copy, named[1:]), key=lambda picture: picture.path)
    desk.decide([(picture, "others")])
    desk.settle()
    troubles = list(desk.troubles())
    desk.close()
    after = tree(place)
    if is_named:
        assert not troubles
        assert [name for name in after if name.startswith("copy/others")]
    else:
        assert len(troubles) == 1
        assert "was not made here" in troubles[0]
        assert {name: data for name, data in after.items() if name in before} == before


def test_decisions_of_a_damaged_file_are_a_sentence(tf_files: Path) -> None:
    (tf_files / own_names.FOLDER).mkdir()
    (tf_files / own_names.FOLDER / "decisions.sqlite").write_bytes(b"no database at all, but long enough" * 100)
    with pytest.raises(OutputError, match="decisions"):
        Desk(Workspace(tf_files))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("elsa", "elsa"),
        (" Darth  Vader".replace("  ", " "), "darth_vader"),
        ("DARTH_VADER", "darth_vader"),
        ("new one", "new one"),
        ("é".encode().decode(), "é"),
        ("e\u0301", "é"),
    ],
)
def test_a_category_is_what_was_meant(typed: str, meant: str) -> None:
    assert category_named(typed, ["darth_vader", "elsa"]) == meant
