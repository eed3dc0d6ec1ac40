"""In which order pictures are asked about: those first of which an answer tells most."""

from collections.abc import Iterable
from typing import NamedTuple

from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.questions.opinion import Belief, Opinion

TYPICAL = "it stands for others that are like it"
ASKED_AGAIN = 0.5  # of the label's doubt, from which a training picture is worth a question


class Question(NamedTuple):
    """Is `picture` of `category` (None: nobody has an idea)? `score` is how sure that is (0 to 1), `why` why it is
    asked. The higher the `urgency` (0 to 3), the sooner. A tuple, since 100,000 are put in order at a time.
    """

    picture: Picture
    category: str | None
    score: float | None
    why: str
    urgency: float


def questions(pictures: Iterable[Picture], opinion: Opinion) -> list[Question]:
    """About every picture that is worth one, the most urgent first."""
    asked = []
    places = {sha256: place for place, sha256 in enumerate(opinion.typical)}
    for picture in pictures:
        belief = opinion.of.get(picture.sha256) if picture.sha256 else None
        question = _about_training(picture, belief) if picture.kind is Kind.TRAINING else _about(picture, belief)
        if question and picture.kind is Kind.UNSORTED and picture.sha256 in places:
            question = question._replace(why=TYPICAL, urgency=3 - places[picture.sha256] / len(places))
        if question:
            asked.append(question)
    return sorted(asked, key=lambda question: (-question.urgency, question.picture.identifier))


def would_change(asked: Iterable[Question]) -> int:
    """How many pictures are now taken for another category than the one that they were sorted into."""
    return sum(
        question.picture.kind is Kind.SORTED and question.category != question.picture.category for question in asked
    )


def _about(picture: Picture, belief: Belief | None) -> Question:
    if belief is None:
        urgency = 1 - (picture.score or 0.0)
        return Question(picture, picture.category, picture.score, picture.why, urgency)
    if picture.category is not None and belief.category != picture.category:
        why = f"it was sorted as {picture.category.replace('_', ' ')}"
        return Question(picture, belief.category, belief.score, why, 1 + belief.margin)
    return Question(picture, belief.category, belief.score, picture.why, 1 - belief.margin)


def _about_training(picture: Picture, belief: Belief | None) -> Question | None:
    """Only where the others of its category say that it is none of them."""
    if belief is None or belief.doubt < ASKED_AGAIN or picture.category is None:
        return None
    why = f"it is a training picture of {picture.category.replace('_', ' ')}"
    return Question(picture, belief.category, belief.score, why, 1 + belief.doubt)
