"""Page 2: is this right? Picture by picture or many at a time, undone at any depth."""

from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pigeonhole.errors import UnreadableError, UsageError
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.questions.queue import Question
from pigeonhole.text import printable
from pigeonhole.web.pages.asking import Answer, answered, known, picture_of
from pigeonhole.web.site import Site
from pigeonhole.web.thumbnails import LARGE, SMALL

MOST_SHOWN = 500
SIZES = {"small": SMALL, "large": LARGE}
FOR_EVER = "private, max-age=31536000, immutable"


def routes(site: Site) -> list[Route]:
    def queue(request: Request) -> Response:
        count = min(int(request.query_params.get("count", "100")), MOST_SHOWN)
        return JSONResponse(queue_answer(site, count, request.query_params.get("category", "")))

    def jpeg_of(request: Request) -> Response:
        edge = SIZES.get(request.path_params["size"])
        if edge is None:
            raise UsageError("There is no picture of this size.", "Load the page again.")
        picture = site.catalogue.get(request.path_params["picture"])
        jpeg = _jpeg(site, picture, edge)
        return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": FOR_EVER})

    def decide(question: dict[str, Any]) -> Answer:
        answers = [(picture_of(site, each), _category_of(each)) for each in _answers(question)]
        decisions = site.desk.decide(answers, str(question.get("batch", "")))
        return {"decided": [decision.category for decision in decisions], **state(site)}

    def undo(question: dict[str, Any]) -> Answer:
        decisions = site.desk.undo()
        if not decisions:
            raise UsageError("There is nothing to undo.", "")
        site.desk.settle()  # the pictures are where they were when they are shown again
        first = decisions[0]
        taken = {"picture": first.picture, "name": printable(first.path.name), "count": len(decisions)}
        return {"undone": taken, **state(site)}

    return [
        Route("/queue", queue),
        Route("/state", known(lambda: state(site))),
        Route("/pictures/{picture}/{size}", jpeg_of),
        Route("/decide", answered(decide), methods=["POST"]),
        Route("/undo", answered(undo), methods=["POST"]),
    ]


def queue_answer(site: Site, count: int, category: str) -> Answer:
    """The `count` most urgent questions, of one `category` if it is given, and what there is to know about all."""
    site.wait_for_first_look()
    asked = (each for each in site.learner.questions() if not category or each.category == category)
    return {
        "pictures": [question_fields(question) for question in islice(asked, count)],
        "categories": site.desk.categories(),
        "found": site.learner.order().categories,
        **state(site),
    }


def state(site: Site) -> Answer:
    """What is learnt and done meanwhile, in words."""
    opinion, order = site.learner.opinion, site.learner.order()
    seen, total = site.learner.progress()
    decided, still_open = site.desk.counts()
    sentences = [site.trouble, site.learner.trouble, *site.desk.troubles(), *site.desk.refusals()]
    return {
        "labels": opinion.labels,
        "accuracy": _accuracy_of(opinion.accuracy) if opinion.accuracy else None,
        "change": order.change,
        "waiting_for": "" if opinion.accuracy else opinion.waiting_for,
        "seen": seen,
        "total": total,
        "decided": decided,
        "open": still_open,
        "version": order.number,
        "troubles": [sentence for sentence in sentences if sentence],
    }


def question_fields(question: Question) -> Answer:
    return {
        **picture_fields(question.picture),
        "category": question.category,
        "score": question.score,
        "why": question.why,
    }


def picture_fields(picture: Picture) -> Answer:
    return {"picture": picture.identifier, "name": printable(picture.path.name), "kind": picture.kind}


def _jpeg(site: Site, picture: Picture, edge: int) -> bytes:
    """The picture where it is now, or where it is put in this very moment."""
    place = site.desk.place_of(picture.path)
    try:
        return site.thumbnails.of(picture, edge, place)
    except UnreadableError:
        site.desk.settle()
        if place == site.desk.place_of(picture.path):
            raise
        return site.thumbnails.of(picture, edge, site.desk.place_of(picture.path))


def _accuracy_of(accuracy: Proportion) -> Answer:
    low, high = accuracy.interval
    return {"share": accuracy.share, "low": low, "high": high}


def _answers(question: dict[str, Any]) -> list[dict[str, Any]]:
    answers = question.get("answers")
    if not isinstance(answers, list) or not answers or not all(isinstance(each, dict) for each in answers):
        raise UsageError("The question lacks answers.", "Load the page again.")
    return answers


def _category_of(answer: dict[str, Any]) -> str | None:
    category = answer.get("category")
    if category is not None and not isinstance(category, str):
        raise UsageError("A category is a name.", "Load the page again.")
    return category
