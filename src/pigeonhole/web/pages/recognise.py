"""Page 1: what is on these pictures? Nothing is kept unless a person says so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pigeonhole.errors import PigeonholeError, UnreadableError, UsageError
from pigeonhole.labelling.pictures import Picture
from pigeonhole.records import Guess
from pigeonhole.text import printable
from pigeonhole.web.pages.asking import Answer, answered, known, text_of
from pigeonhole.web.site import Site
from pigeonhole.web.thumbnails import LARGE

SHOWN = 10  # categories of a ranking
JPEG, PNG = "image/jpeg", "image/png"
HEAT, FACES = "heat", "faces"  # what is drawn about a picture

Seen = TypeVar("Seen")


def routes(site: Site) -> list[Route]:
    async def upload(request: Request) -> Response:
        name = unquote(request.headers.get("x-name", "picture"))
        picture = await site.uploads.receive(request, name)
        return JSONResponse(await run_in_threadpool(_recognised, site, picture))

    def preview(request: Request) -> Response:
        return Response(site.thumbnails.of(_uploaded(site, request.path_params["upload"]), LARGE), media_type=JPEG)

    def look_for_heat(question: dict[str, Any]) -> Answer:
        picture = _uploaded(site, text_of(question, "picture"))
        heat = _seen(site, picture, site.recogniser.heat)
        site.uploads.keep(picture, HEAT, heat.layer)
        return {"category": heat.category, "most": heat.most}

    def find_faces(question: dict[str, Any]) -> Answer:
        picture = _uploaded(site, text_of(question, "picture"))
        faces = _seen(site, picture, site.recogniser.faces)
        site.uploads.keep(picture, FACES, faces.shown)
        return {"faces": [{"label": guess.label, **_best(guess)} for guess in faces.guesses]}

    def drawing(kind: str) -> Callable[[Request], Response]:
        def show(request: Request) -> Response:
            return Response(site.uploads.kept(_uploaded(site, request.path_params["upload"]), kind), media_type=PNG)

        return show

    def add(question: dict[str, Any]) -> Answer:
        picture = _uploaded(site, text_of(question, "picture"))
        (decision,) = site.desk.decide([(picture, text_of(question, "category"))])
        site.desk.settle()
        return {"category": decision.category, "trouble": decision.trouble}

    def categories() -> Answer:
        return {"categories": site.desk.categories()}

    return [
        Route("/uploads", upload, methods=["POST"]),
        Route("/uploads/{upload}/picture", preview),
        Route("/uploads/{upload}/heat", drawing(HEAT)),
        Route("/uploads/{upload}/faces", drawing(FACES)),
        Route("/heat", answered(look_for_heat), methods=["POST"]),
        Route("/faces", answered(find_faces), methods=["POST"]),
        Route("/add", answered(add), methods=["POST"]),
        Route("/categories", known(categories)),
    ]


def _best(guess: Guess) -> Answer:
    return {"category": guess.category, "score": guess.score}


def _uploaded(site: Site, identifier: str) -> Picture:
    picture = site.uploads.get(identifier)
    if picture is None:
        raise UsageError("This picture is no longer here.", "Choose it again.")
    return picture


def _seen(site: Site, picture: Picture, look: Callable[[Picture], Seen]) -> Seen:
    """What `look` sees of an upload, which is moved when it is added to a category, perhaps in this very moment."""
    try:
        return look(picture)
    except UnreadableError:
        site.desk.settle()
        place = site.desk.place_of(picture.path)
        if place == picture.path:
            raise
        return look(replace(picture, path=place, root=place.parent))


def _recognised(site: Site, picture: Picture) -> Answer:
    """The ranking where there is a model; a picture can be added to a category without one."""
    answer: Answer = {
        "picture": picture.identifier,
        "name": printable(picture.path.name),
        "ranking": [],
        "unknown": "",
        "note": "",
    }
    site.thumbnails.of(picture, LARGE)  # raises where it is no picture
    try:
        site.desk.know_categories(site.recogniser.labels())
        guess = site.recogniser.guess(picture)
    except UsageError:
        raise
    except PigeonholeError as error:
        return {**answer, "note": str(error)}
    ranking = [{"category": category, "score": score} for category, score in guess.ranking[:SHOWN]]
    return {
        **answer,
        "ranking": ranking,
        "unknown": guess.why_unknown,
        "heat": site.recogniser.has_heat(),
        "faces": site.recogniser.looks_at_faces(),
    }
