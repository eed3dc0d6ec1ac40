"""The next question comes at once, however many pictures there are: all are put in order behind the person's back."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pigeonhole.labelling.catalogue import Catalogue
from pigeonhole.labelling.decision import Decision, Kind, State
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.places import Places
from pigeonhole.labelling.questions.learner import Learner
from pigeonhole.labelling.questions.opinion import Belief, Opinion
from pigeonhole.labelling.questions.queue import TYPICAL, questions
from pigeonhole.web.site import Site
from pigeonhole.workspace import Workspace
from trees import BLUE, GREEN, RED, write_pictures


def test_a_decision_needs_no_new_order_and_another_picture_does(tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {"b.png": BLUE, "g.png": GREEN})
    catalogue = Catalogue([tmp_path / "in"], tmp_path / "data")
    with (
        closing(Desk(Workspace(tmp_path), [tmp_path / "in"])) as desk,
        closing(Learner(desk, catalogue)) as learner,  # nobody learns: it is not started
    ):
        catalogue.refresh()
        first, second = (question.picture for question in learner.questions())
        order = learner.order()
        desk.decide([(first, "blue")])
        desk.settle()
        assert [question.picture for question in learner.questions()] == [second]
        desk.undo()
        desk.settle()
        assert {question.picture for question in learner.questions()} == {first, second}
        assert learner.order() is order
        write_pictures(tmp_path / "in", {"r.png": RED})
        catalogue.refresh()
        assert len(list(learner.questions())) == 3
        assert learner.order().number > order.number


def test_all_pictures_are_looked_at_also_when_a_decision_on_one_is_taken_back(tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {"b.png": BLUE, "g.png": GREEN})
    catalogue = Catalogue([tmp_path / "in"], tmp_path / "data")
    with (
        closing(Desk(Workspace(tmp_path), [tmp_path / "in"])) as desk,
        closing(Learner(desk, catalogue)) as learner,
    ):
        catalogue.refresh()
        assert learner.progress() == (0, 2)
        desk.decide([(picture, "any") for picture in catalogue.all()])
        assert learner.progress() == (2, 2)
        desk.undo()
        assert learner.progress() == (0, 2)


def test_what_is_asked_first_says_why_and_in_a_sorted_folder_mistakes_come_first(tmp_path: Path) -> None:
    names = ["typical", "doubtful", "sure"]
    margins = {"typical": 0.5, "doubtful": 0.1, "sure": 0.9}
    of = {name: Belief("rose", 0.95, margin) for name, margin in margins.items()}
    thought = Opinion(of, typical=["typical"])
    unsorted = [Picture(tmp_path / name, tmp_path, Kind.UNSORTED, sha256=name) for name in names]
    asked = questions(unsorted, thought)
    assert [question.picture.sha256 for question in asked] == names
    assert [question.why for question in asked] == [TYPICAL, "", ""]
    sorted_ones = [replace(picture, kind=Kind.SORTED, category="rose") for picture in unsorted]
    sorted_ones.append(Picture(tmp_path / "x", tmp_path, Kind.SORTED, category="tulip", sha256="sure"))
    asked = questions(sorted_ones, thought)
    assert [question.picture.path.name for question in asked] == ["x", "doubtful", "typical", "sure"]


@pytest.mark.parametrize("first_gone", [1, 2])
def test_the_decision_that_is_left_holds_for_a_place_that_two_had(first_gone: int) -> None:
    places = Places()
    both = {number: Decision(number, "", Path("a"), "", "kind", [], "") for number in (1, 2)}
    for decision in both.values():
        places.put(decision)
    assert places.number_at(Path("a")) == 2
    places.remove(both[first_gone])
    assert places.number_at(Path("a")) == 3 - first_gone
    places.remove(both[3 - first_gone])
    assert Path("a") not in places
    assert places.number_at(Path("a")) is None


def test_what_is_told_while_the_page_starts_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed page left is carried out at once, perhaps before everything else is there."""
    done = Decision(1, "", tmp_path / "in" / "b.png", "00", "blue", [], "", State.DONE)
    write_pictures(tmp_path / "in", {"b.png": BLUE})
    monkeypatch.setattr(Desk, "listen", lambda _, changed: changed(done))
    with closing(Site(Workspace(tmp_path), [tmp_path / "in"])) as site:
        site.wait_for_first_look()
        assert len(site.catalogue) == 1


def test_a_mistake_of_ours_keeps_nobody_waiting_and_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def mistaken(decision: Decision) -> None:
        if decision.state is State.DONE:
            raise KeyError(decision.number)

    write_pictures(tmp_path / "in", {"b.png": BLUE})
    catalogue = Catalogue([tmp_path / "in"], tmp_path / "data")
    catalogue.refresh()
    with closing(Desk(Workspace(tmp_path), [tmp_path / "in"])) as desk:
        desk.listen(mistaken)
        desk.decide([(picture, "blue") for picture in catalogue.all()])
        desk.settle()
        assert any("because of a mistake in pigeonhole" in trouble for trouble in desk.troubles())
    assert "KeyError: 1" in capsys.readouterr().err
    with closing(Desk(Workspace(tmp_path), [tmp_path / "in"])) as desk:
        desk.settle()
        assert desk.counts() == (1, 0)
    assert (tmp_path / "data" / "blue" / "b.png").exists()
