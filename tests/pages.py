"""A server of the pages as a user starts it, and a browser that was let in."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser import SIZE

expect.set_options(timeout=120_000)  # milliseconds, for what hangs
ADDRESS = re.compile(r"http://([^/]+)/\?key=(\S+)")


@dataclass
class Server:
    """`address` is what it showed first; `host` is its name and port."""

    process: subprocess.Popen[str]
    address: str
    host: str
    cookie: str = ""
    said: Sequence[str] = ()  # lines, up to the address

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **changed: str
    ) -> tuple[HTTPResponse, bytes]:
        """One request as the page's own scripts make it, but for `headers`; an empty header is left out."""
        own = {"Host": self.host, "Origin": f"http://{self.host}", "Cookie": self.cookie, **(headers or {})}
        connection = HTTPConnection(self.host, timeout=60)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in own.items():
            if value:
                connection.putheader(name, value)
        if body is not None and "Content-Length" not in own:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        with closing(connection):
            response = connection.getresponse()
            return response, response.read()

    def let_in(self) -> None:
        """Exchange the key of the address for a cookie."""
        response, _ = self.ask("GET", self.address.removeprefix(f"http://{self.host}"))
        self.cookie = (response.getheader("Set-Cookie") or "").split(";")[0]

    def next_address(self) -> str:
        """The address for another browser, which is shown when the last one was used."""
        assert self.process.stderr
        return next(
            f"http://{found[1]}/?key={found[2]}" for line in self.process.stderr if (found := ADDRESS.search(line))
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def served(*arguments: str | Path, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """`pigeonhole web` with `arguments`, at any free port."""
    command = [sys.executable, "-m", "pigeonhole", "web", *map(str, arguments), "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, **(environment or {})}
    )
    try:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if found := ADDRESS.search(line):
                yield Server(process, found[0], found[1], said=said)
                break
        else:
            raise AssertionError("".join(said))
    finally:
        process.terminate()
        code = process.wait()
        if process.stderr:
            print(f"The server ended with {code}, having said: {process.stderr.read()}")  # noqa: T201 - where a test fails
            process.stderr.close()


@dataclass
class Visit:
    """`page` was let in. `complaints` are errors of its console, `others` every address that is not this server's."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def serious_findings(page: Page) -> list[tuple[str, str]]:
    """What axe finds that keeps people from using the page as it is now."""
    found = Axe().run(page).response["violations"]
    return [(each["id"], str(each["nodes"])) for each in found if each["impact"] in ("serious", "critical")]


def settled(page: Page, decisions: int) -> None:
    """Wait until so many decisions hold and are carried out."""
    page.evaluate(
        """async (decisions) => {
            for (;;) {
                const state = await (await fetch("/state")).json();
                if (state.open === 0 && state.decided === decisions) return;
                await new Promise((done) => setTimeout(done, 50));
            }
        }""",
        decisions,
    )


@contextmanager
def visiting(browser: Browser, server: Server, scheme: str = "light", **settings: Any) -> Iterator[Visit]:
    """The server's address, opened by somebody who never was there before."""
    with browser.new_context(**{"viewport": SIZE, "color_scheme": scheme, **settings}) as context:
        page = context.new_page()
        visit = Visit(page)
        page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))

        def asked(request: Any) -> None:
            if not request.url.startswith(f"http://{server.host}/"):
                visit.others.append(request.url)

        page.on("request", asked)
        page.goto(server.address)
        page.wait_for_url(f"http://{server.host}/")
        yield visit
