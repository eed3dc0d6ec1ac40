"""What the pages have in common: how they are filled in, what they look like, and their links to pictures."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pigeonhole.report.thumbnail import address
from pigeonhole.text import printable

TEMPLATE = "page.html.jinja"


def template(package: str) -> Any:
    """The page of `package`, to be rendered. Everything that is put into it is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "png": lambda data: address(data, "image/png"),
        "percent": lambda share: f"{100 * share:.1f} %",
        "shown": printable,
    }
    style = files("pigeonhole.report").joinpath("style.css").read_text(encoding="utf-8")
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own
    return environment.from_string(files(package).joinpath(TEMPLATE).read_text(encoding="utf-8"))


def link(path: Path, folder: Path) -> str:
    """From a page in `folder` to a picture, so that both may be moved together."""
    try:
        relative = os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:  # on another drive
        relative = str(path.resolve())
    return quote(os.fsencode(relative.replace(os.sep, "/")))
