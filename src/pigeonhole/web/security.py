"""Who may ask, and what an answer may do: nothing of it is left to the pages themselves."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BROWSERS = 50  # that may be let in by one process; the oldest must come again
SAFE_METHODS = frozenset(("GET", "HEAD"))
# Everything from this server alone; no script and no style may stand in a page itself.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ENTERING = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">
<link rel="icon" href="/static/icon.svg"><title>pigeonhole</title><p><a href="/">Go on to the page</a></p>"""
_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8">
<link rel="icon" href="/static/icon.svg"><title>pigeonhole</title><h1>{title}</h1><p>{text}</p>"""


class Visitors:
    """Keys and cookies. A key stands in the address that the terminal shows, and lets one browser in, once."""

    def __init__(self, new_key: Callable[[str], None]) -> None:
        """`new_key` is called with each key but the first, when the one before it was used."""
        self._new_key = new_key
        self._lock = threading.Lock()
        self._cookies: OrderedDict[str, None] = OrderedDict()
        self.key = secrets.token_urlsafe(32)

    def enter(self, key: str) -> str | None:
        """The cookie for a browser that knows the key, which is then used up; None for any other."""
        with self._lock:
            if not secrets.compare_digest(key.encode(), self.key.encode()):
                return None
            self.key = secrets.token_urlsafe(32)
            cookie = secrets.token_urlsafe(32)
            self._cookies[cookie] = None
            if len(self._cookies) > BROWSERS:
                self._cookies.popitem(last=False)
        self._new_key(self.key)
        return cookie

    def knows(self, cookie: str) -> bool:
        with self._lock:
            return any(secrets.compare_digest(cookie.encode(), known.encode()) for known in self._cookies)


class Gate:
    """Lets through requests of browsers that entered with the key, from this server's own pages, by its own names.

    `hosts` are those names with the port: what a browser sends as Host after a name of someone else's was made to lead
    here (DNS rebinding) is not among them.
    """

    def __init__(self, app: ASGIApp, visitors: Visitors, hosts: Iterable[str]) -> None:
        self._app = app
        self._visitors = visitors
        self._hosts = frozenset(hosts)
        # Browsers keep cookies apart by name and host, not by port.
        self.cookie_name = "pigeonhole-" + min(self._hosts).rpartition(":")[2]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, send_safely)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self._hosts:
            return _refused(421, "Wrong address", "This page answers under the address in the terminal alone.")
        if scope["method"] not in SAFE_METHODS and not self._is_from_here(headers):
            return _refused(403, "Not from here", "Another page asked for this. Nothing was done.")
        if scope["path"] == "/" and (key := parse_qs(scope["query_string"].decode("latin-1")).get("key")):
            return self._entered(key[0])
        if not self._visitors.knows(cookie_parser(headers.get("cookie", "")).get(self.cookie_name, "")):
            text = "Open the newest address that the terminal shows. Each lets one browser in."
            return _refused(403, "This browser has not been let in", text)
        return None

    def _is_from_here(self, headers: Headers) -> bool:
        return headers.get("origin") == f"http://{headers['host']}" and headers.get(
            "sec-fetch-site", "same-origin"
        ) in ("same-origin", "none")

    def _entered(self, key: str) -> Response:
        cookie = self._visitors.enter(key)
        if cookie is None:
            text = "Every address lets in one browser, once. The terminal shows a new one."
            return _refused(403, "This address was used already", text)
        # No redirect: a browser that came here from elsewhere would not send a strict cookie along with it.
        response = HTMLResponse(_ENTERING)
        response.set_cookie(self.cookie_name, cookie, path="/", httponly=True, samesite="strict")
        return response


def _refused(status: int, title: str, text: str) -> Response:
    return HTMLResponse(_REFUSED.format(title=title, text=text), status, {"Connection": "close"})


def sentence(status: int, text: str) -> JSONResponse:
    """An answer to a script: what happened, and what to do."""
    return JSONResponse({"error": text}, status)
