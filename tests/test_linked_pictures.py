"""Folders that were sorted with --symlink: what is decided on is the link, and the pictures stay as they are."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import deciding_room
from commands import pigeonhole
from deciding_room import decide, settled_desk, undo
from mortal import Mortals
from pages import served
from pigeonhole.labelling.catalogue import Catalogue
from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import pictures_in
from trees import BLUE, GREEN, RED, tree, write_pictures


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    made = deciding_room.mortals()
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path, tf_files: Path) -> Path:
    """A folder with TF_FILES, pictures in `in`, and links to them in `out`."""
    write_pictures(tmp_path / "in", {"b.png": BLUE, "g.png": GREEN, "r.png": RED})
    assert pigeonhole("guess-dir", tf_files, tmp_path / "in", tmp_path / "out", "--symlink").returncode == 0
    return tmp_path


def links(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_symlink())
    return {str(path.relative_to(folder)): str(path.readlink()) for path in found}


def test_a_decision_renames_the_link_and_undo_brings_it_back(place: Path, tf_files: Path) -> None:
    out, pictures, before = place / "out", tree(place / "in"), links(place / "out")
    desk = settled_desk(tf_files, place / "out")
    decide(desk, out)
    desk.settle()
    assert not desk.troubles()
    b, g, r = (str(place / "in" / name) for name in ("b.png", "g.png", "r.png"))
    after = links(out)
    assert after.pop("others-checked.png") == b
    assert after.pop("set_aside/r.png") == r
    ((kept, target),) = after.items()
    assert target == g
    assert before[kept] == g
    assert set(tree(tf_files / "data")) == {"others/b.png", "green_things/g.png"}
    assert tree(place / "in") == pictures

    undo(desk)
    desk.settle()
    assert not desk.refusals()
    desk.close()
    assert links(out) == before
    assert tree(tf_files / "data") == {}
    assert tree(place / "in") == pictures
    again = {each.path.name: each.score for each in pictures_in(out, [place / "in"])}
    assert all(score and score < 1 for score in again.values())
    assert pigeonhole("guess-dir", tf_files, place / "in", out, "--symlink").returncode == 0
    assert links(out) == before
    assert pigeonhole("undo", out).returncode == 0
    assert links(out) == {}
    assert tree(place / "in") == pictures


@pytest.mark.parametrize("action", ["decide", "undo"])
def test_a_kill_between_any_two_steps_loses_no_link(
    mortals: Mortals, place: Path, tf_files: Path, tmp_path: Path, action: str
) -> None:
    out, before = place / "out", links(place / "out")
    pictures = tree(place / "in")
    if action == "undo":
        desk = settled_desk(tf_files, place / "out")
        decide(desk, out)
        desk.settle()
        desk.close()
    kept = tmp_path.parent / f"{tmp_path.name} kept"
    shutil.copytree(place, kept, symlinks=True)
    reached: set[str] = set()
    for step in range(1, 200):
        shutil.rmtree(place)
        shutil.copytree(kept, place, symlinks=True)
        name = mortals.killed_at(step, action, tf_files, out)
        if name is None:
            break
        reached.add(name)
        desk = settled_desk(tf_files, place / "out")
        assert sorted(links(out).values()) == sorted(before.values()), name
        assert tree(place / "in") == pictures, name
        undo(desk)
        desk.settle()
        assert not desk.refusals(), name
        desk.close()
        assert links(out) == before, name
        assert tree(tf_files / "data") == {}, name
    assert {"decide": {"link taken away", "step placed"}, "undo": {"new link taken away"}}[action] <= reached
    shutil.rmtree(kept)


def test_review_shows_what_a_link_leads_to(place: Path, tf_files: Path) -> None:
    with served(tf_files, place / "out", place / "in") as server:
        server.let_in()
        asked = json.loads(server.ask("GET", "/queue?count=9")[1])["pictures"]
        assert [(each["kind"], bool(each["category"])) for each in asked] == [("sorted", True)] * 3
        response, jpeg = server.ask("GET", f"/pictures/{asked[0]['picture']}/large")
        assert response.status == 200
        assert jpeg.startswith(b"\xff\xd8")


def test_links_are_shown_once_and_only_where_their_pictures_may_be_seen(place: Path, tf_files: Path) -> None:
    assert list(pictures_in(place / "out")) == []
    catalogue = Catalogue([place / "out", place / "in"], tf_files / "data")
    catalogue.refresh()
    assert [each.kind for each in catalogue.all()] == [Kind.SORTED] * 3
    assert {each.links_to for each in catalogue.all()} == set((place / "in").iterdir())

    elsewhere = write_pictures(place / "elsewhere", {"x.png": RED}) / "x.png"
    turned, by_hand, broken = sorted((place / "out").glob("*.png"))
    turned.unlink()
    turned.symlink_to(elsewhere)
    (place / "in" / by_hand.resolve().name).rename(place / "gone.png")
    (place / "out" / "mine.png").symlink_to(place / "in" / "b.png")
    catalogue.refresh()
    assert {each.path for each in catalogue.all() if each.kind is Kind.SORTED and each.path.exists()} == {broken}
