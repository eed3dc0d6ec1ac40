"""Who may ask for a page, and what nobody may send."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from commands import pigeonhole
from models import write_colour_model
from pages import Server, served
from pictures import drawing, saved
from pigeonhole.web.server import EVERY
from trees import RED, tree, write_pictures


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(write_colour_model(tmp_path_factory.mktemp("page") / "tf files")) as server:
        server.let_in()
        yield server


def test_the_address_lets_one_browser_in(server: Server) -> None:
    key = server.address.partition("?key=")[2]
    for path in (f"/?key={key}", f"/?key={key[:-1]}x", "/?key="):
        response, _ = server.ask("GET", path, headers={"Cookie": ""})
        assert response.status == 403, path
        assert response.getheader("Set-Cookie") is None


def test_the_cookie_is_for_this_server_alone_and_for_no_script(tmp_path: Path) -> None:
    with served(write_colour_model(tmp_path / "tf files")) as server:
        response, body = server.ask("GET", server.address.removeprefix(f"http://{server.host}"))
        cookie = response.getheader("Set-Cookie") or ""
        assert response.status == 200
        assert server.address.encode() not in body
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; ")[1:])
        with_next = server.next_address()
        assert with_next != server.address
        response, _ = server.ask("GET", with_next.removeprefix(f"http://{server.host}"), headers={"Cookie": ""})
        assert response.status == 200


@pytest.mark.parametrize("path", ["/", "/categories", "/static/ask.js", "/uploads/0/picture", "/nothing"])
def test_nothing_is_shown_without_the_cookie(server: Server, path: str) -> None:
    for cookie in ("", "pigeonhole-1=x", server.cookie[:-1] + "x", server.cookie.replace("=", "=x")):
        response, body = server.ask("GET", path, headers={"Cookie": cookie})
        assert response.status == 403, cookie
        assert b"has not been let in" in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_name_that_was_made_to_lead_here_is_refused(server: Server, host: str) -> None:
    response, _ = server.ask("GET", "/", headers={"Host": host})
    assert response.status in (400, 421)
    assert server.ask("GET", "/")[0].status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_page_cannot_ask_for_anything_to_be_done(server: Server, headers: dict[str, str]) -> None:
    for path in ("/uploads", "/add"):
        response, _ = server.ask("POST", path, saved(drawing(), "PNG"), headers)
        assert response.status == 403


def test_every_answer_allows_nothing_from_elsewhere(server: Server) -> None:
    for path in ("/", "/categories", "/static/ask.js", "/nothing"):
        response, _ = server.ask("GET", path)
        policy = response.getheader("Content-Security-Policy") or ""
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.getheader("X-Content-Type-Options") == "nosniff"
        assert response.getheader("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2f..%2fetc/passwd",
        "/uploads/..%2f..%2f..%2fetc%2fpasswd/picture",
        "/uploads/%2e%2e/picture",
        "/static//etc/passwd",
    ],
)
def test_no_path_leads_anywhere(server: Server, path: str) -> None:
    response, body = server.ask("GET", path)
    assert response.status in (400, 404)
    assert b"root:" not in body
    assert b"Starlette" not in body


def test_two_gigabytes_are_refused_before_they_arrive(server: Server) -> None:
    host, port = server.host.split(":")
    head = [f"Host: {server.host}", f"Origin: http://{server.host}", f"Cookie: {server.cookie}"]
    head += [f"Content-Length: {2 * 1024**3}", "Content-Type: application/octet-stream", "", ""]
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall("\r\n".join(["POST /uploads HTTP/1.1", *head]).encode())
        answer = b""
        while block := connection.recv(65536):  # to the end: the server hangs up by itself
            answer += block
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"at most 100 MiB" in answer


def test_an_upload_that_does_not_say_how_long_it_is_ends_where_it_is_too_large(server: Server) -> None:
    host, port = server.host.split(":")
    head = [f"Host: {server.host}", f"Origin: http://{server.host}", f"Cookie: {server.cookie}"]
    head += ["Transfer-Encoding: chunked", "", ""]
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall("\r\n".join(["POST /uploads HTTP/1.1", *head]).encode())
        with suppress(ConnectionError):  # the server has hung up, having said enough
            for _ in range(110):
                connection.sendall(b"100000\r\n" + bytes(1024**2) + b"\r\n")
        with suppress(ConnectionError):
            answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413") or not answer
    assert server.ask("GET", "/")[0].status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"picture": 1, "category": "x"}', b'"' + b"x" * 2_000_000 + b'"'])
def test_a_question_that_makes_no_sense_gets_a_sentence(server: Server, body: bytes) -> None:
    response, answer = server.ask("POST", "/add", body)
    assert response.status == 400
    assert "Load the page again" in json.loads(answer)["error"]


def test_what_is_no_picture_gets_a_sentence_and_is_not_kept(tmp_path: Path) -> None:
    tf_files = write_colour_model(tmp_path / "tf files")
    with served(tf_files) as server:
        server.let_in()
        response, answer = server.ask("POST", "/uploads", b"<script>alert(1)</script>", {"X-Name": "x.html"})
        assert response.status == 400
        assert "x.html" in json.loads(answer)["error"]
    assert set(tree(tf_files)) == {"model.onnx", "cache/thumbnails.sqlite"}


def test_two_pages_of_one_folder_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    tf_files = write_colour_model(tmp_path / "tf files")
    with served(tf_files):
        second = pigeonhole("web", tf_files, "--port", "0", "--no-browser")
    assert second.returncode == 5
    assert "shows the page of" in second.stderr


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_pictures(tmp_path, {"a.png": RED})
    for wrong, what in ((tmp_path / "none", "is not there"), (tmp_path / "a.png", "is a file")):
        result = pigeonhole("web", wrong, "--no-browser")
        assert result.returncode == 2
        assert what in result.stderr


def test_a_page_for_other_machines_shows_an_address_that_they_can_go_to(tmp_path: Path) -> None:
    with served(write_colour_model(tmp_path / "tf files"), "--host", EVERY[0]) as server:
        name, _, port = server.host.rpartition(":")
        assert name not in (*EVERY, "")
        server.host, shown = f"127.0.0.1:{port}", server.host
        for host, status in ((shown, 403), (server.host, 403), ("evil.example:" + port, 421)):
            assert server.ask("GET", "/", headers={"Host": host})[0].status == status


def test_an_address_that_is_not_of_this_machine_is_a_sentence(tmp_path: Path) -> None:
    result = pigeonhole("web", write_colour_model(tmp_path / "tf files"), "--host", "300.1.1.1")
    assert result.returncode == 5
    assert "The page cannot be shown at 300.1.1.1: Name or service not known. Choose another" in result.stderr


def test_an_empty_folder_that_the_page_was_begun_in_is_where_it_goes_on(tmp_path: Path) -> None:
    for name in ("tf files", "in"):
        (tmp_path / name).mkdir()
    for _ in range(2):
        with served(tmp_path / "tf files", tmp_path / "in") as server:
            said = "".join(server.said)
        assert f"is learnt from in {tmp_path / 'tf files'}; shown: {tmp_path / 'in'}." in said
