"""The pages and what their scripts may ask for."""

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pigeonhole.errors import PigeonholeError
from pigeonhole.web.pages import check, groups, learn, now, recognise, review
from pigeonhole.web.security import sentence
from pigeonhole.web.site import Site
from pigeonhole.web.uploads import TooLargeError

HERE = Path(__file__).parent
PAGES = {
    "recognise": ("/", "Recognise"),
    "review": ("/review", "Review"),
    "learn": ("/learn", "Learn"),
    "groups": ("/groups", "Start from nothing"),
    "check": ("/check", "Check"),
    "now": ("/now", "What happens now"),
}
_BAD, _TOO_LARGE = 400, 413


def application(site: Site) -> Starlette:
    """Every page of `site`; who may ask is not its business."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    templates.filters["spaced"] = lambda category: category.replace("_", " ")

    def page(name: str) -> Route:
        address, title = PAGES[name]

        def show(request: Request) -> Response:
            site.look_again()
            text = templates.get_template(f"{name}.html.jinja").render(pages=PAGES, current=name, title=title)
            return HTMLResponse(text)

        return Route(address, show)

    return Starlette(
        routes=[
            *map(page, PAGES),
            *recognise.routes(site),
            *review.routes(site),
            *learn.routes(site),
            *groups.routes(site),
            *check.routes(site),
            *now.routes(site),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={TooLargeError: partial(_told, _TOO_LARGE), PigeonholeError: partial(_told, _BAD)},
    )


async def _told(status: int, request: Request, error: Exception) -> Response:
    response = sentence(status, str(error))
    if status == _TOO_LARGE:
        response.headers["Connection"] = "close"  # what is still coming is not read
    return response
