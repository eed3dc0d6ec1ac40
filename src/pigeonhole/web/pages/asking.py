"""What the scripts of the pages ask for, checked before it is used."""

import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pigeonhole.errors import UsageError
from pigeonhole.labelling.pictures import Picture
from pigeonhole.web.site import Site

MOST_BYTES = 1024**2  # of a question

Answer = dict[str, Any]


async def asked(request: Request) -> dict[str, Any]:
    """The object that a script sent as JSON. Raises UsageError where it is none, or too large."""
    data = b""
    async for block in request.stream():
        data += block
        if len(data) > MOST_BYTES:
            raise UsageError("The question is too large.", "Load the page again.")
    try:
        question = json.loads(data)
    except ValueError:
        question = None
    if not isinstance(question, dict):
        raise UsageError("The question cannot be understood.", "Load the page again.")
    return question


def text_of(question: dict[str, Any], name: str) -> str:
    value = question.get(name)
    if not isinstance(value, str):
        raise UsageError(f"The question lacks {name}.", "Load the page again.")
    return value


def answered(answer: Callable[[dict[str, Any]], Answer]) -> Callable[[Request], Any]:
    """An endpoint that takes JSON and answers with JSON; `answer` runs in a thread, since it may wait for the disk."""

    async def endpoint(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(answer, await asked(request)))

    return endpoint


def known(answer: Callable[[], Answer]) -> Callable[[Request], Any]:
    """The same for what needs no question."""

    def endpoint(request: Request) -> Response:
        return JSONResponse(answer())

    return endpoint


def picture_of(site: Site, question: dict[str, Any]) -> Picture:
    """The picture that a question is about."""
    return site.catalogue.get(text_of(question, "picture"))
