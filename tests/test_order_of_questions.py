"""The next question comes at once, however many pictures there are: all are put in order behind the person's back."""

from contextlib import closing
from pathlib import Path

import pytest

from pigeonhole.labelling.catalogue import Catalogue
from pigeonhole.labelling.decision import Decision
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.places import Places
from pigeonhole.labelling.questions.learner import Learner
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
