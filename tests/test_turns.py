"""A watcher and a page share an output: neither waits for the other's end, and no picture is lost between them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pages import served
from pigeonhole import own_names
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.pictures import Picture, pictures_in
from pigeonhole.placing.turn import is_turn_wanted
from pigeonhole.workspace import Workspace
from trees import tree
from watching import Place, digests, names, watching

HOLDER = """
import sys, time
from pathlib import Path
from pigeonhole.placing.output_folder import OutputFolder
folder = OutputFolder.open(Path(sys.argv[1]), (), 300.0)
print("mine", flush=True)
time.sleep(300)
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def pictures(place: Place) -> list[Picture]:
    return sorted(pictures_in(place.out), key=lambda picture: picture.path)


def test_decisions_are_carried_out_and_taken_back_while_a_watcher_runs(place: Place) -> None:
    place.drop(0, 1, 2)
    with watching(place) as watcher:
        watcher.wait_until_sorted(3)
        before = tree(place.out)
        desk = Desk(Workspace(place.tf_files), [place.out])
        for picture, category in zip(pictures(place), ("others", "others", None), strict=True):
            desk.decide([(picture, category)])
        desk.settle()
        assert not desk.troubles()
        assert {"others-checked.png", "others-checked-2.png"} <= set(names(place.out))
        assert any(name.startswith("set_aside/") for name in names(place.out))

        while desk.undo():
            desk.settle()
        assert not desk.troubles()
        assert not desk.refusals()
        desk.close()
        assert tree(place.out) == before
        place.drop(3, 4, 5)
        watcher.wait_until_sorted(6)
        assert watcher.stop()["sorted"] == 6
    assert sorted(tree(place.out).values()) == sorted(digests(*range(6)))
    assert tree(place.tf_files / "data") == {}
    assert names(place.inbox) == []


def test_many_arrive_while_many_are_mended(place: Place) -> None:
    place.drop(*range(40))
    with watching(place) as watcher:
        watcher.wait_until_sorted(40)
        place.drop(*range(40, 160))
        desk = Desk(Workspace(place.tf_files), [place.out])
        for picture in pictures(place)[:40]:
            desk.decide([(picture, "others")])
        watcher.wait_until_sorted(160)
        while desk.counts()[1]:
            desk.settle()
        desk.close()
        assert watcher.stop()["sorted"] == 160
    assert sorted(tree(place.out).values()) == sorted(digests(*range(160)))
    assert sum(name.startswith("others-checked") for name in names(place.out)) == 40
    assert len(tree(place.tf_files / "data")) == 40


def test_who_dies_in_its_turn_does_not_keep_the_watcher_from_its_work(place: Place) -> None:
    place.drop(0)
    with watching(place) as watcher:
        watcher.wait_until_sorted(1)
        command = [sys.executable, "-c", HOLDER, str(place.out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            assert holder.stdout
            assert holder.stdout.readline() == b"mine\n"
            assert is_turn_wanted(place.out / own_names.FOLDER)
            place.drop(1)
            holder.kill()
        watcher.wait_until_sorted(2)
        assert watcher.is_well()
        assert watcher.stop()["sorted"] == 2


def test_the_page_does_not_take_back_what_a_watcher_would_sort_again(place: Place) -> None:
    place.drop(0)
    with watching(place) as watcher:
        watcher.wait_until_sorted(1)
        before = tree(place.out)
        with served(place.tf_files, place.out) as server:
            server.let_in()
            (folder,) = json.loads(server.ask("GET", "/now/folders")[1])["folders"]
            assert "sort the pictures again" in folder["why_no_undo"]
            asked = {"folder": folder["folder"], "entry": folder["last"][0]["entry"]}
            response, said = server.ask("POST", "/now/undo", json.dumps(asked).encode())
            assert response.status == 400
            assert "under Review" in json.loads(said)["error"]
            assert tree(place.out) == before
            watcher.stop()
            (folder,) = json.loads(server.ask("GET", "/now/folders")[1])["folders"]
            assert folder["why_no_undo"] == ""
            response, _ = server.ask("POST", "/now/undo", json.dumps(asked).encode())
            assert response.status == 200
    assert tree(place.out) == {}
    assert names(place.inbox) == ["00000.png"]
