"""A headless Chromium that opens a page and writes down whatever goes wrong in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SIZE = {"width": 1200, "height": 900}


@dataclass
class Opened:
    """`page` is open; `complaints` holds errors of its console, `requests` every address it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def _program() -> str:
    """The system's; without it a test skips, in CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    reason = "needs Chromium, which is not here"
    if os.environ.get("PIGEONHOLE_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def started() -> Iterator[Browser]:
    """A browser for several tests: starting it costs more than most of them. What is opened in it shares nothing."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=_program(), args=["--no-sandbox"]) as browser,
    ):
        yield browser


@contextmanager
def opened(browser: Browser, path: Path, scheme: str = "light") -> Iterator[Opened]:
    """The file `path` in the given colour scheme."""
    with browser.new_page(viewport=SIZE, color_scheme=scheme) as page:  # type: ignore[arg-type]
        result = Opened(page)
        page.on("console", lambda message: result.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: result.complaints.append(str(error)))
        page.on("request", lambda request: result.requests.append(request.url))
        page.goto(path.absolute().as_uri())
        yield result
