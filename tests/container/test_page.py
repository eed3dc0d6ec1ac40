"""The page in its container: opened, three pictures reviewed, found in their places, owned by the caller."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from container_user import User, docker, engine, make_user, owners, visible

from models import write_colour_model
from trees import BLUE, GREEN, RED, write_pictures

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("PIGEONHOLE_TEST_CONTAINER") != "1",
        reason="builds images and runs containers: set PIGEONHOLE_TEST_CONTAINER=1",
    ),
    pytest.mark.timeout(1800),
]

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"http://(127\.0\.0\.1:\d+)(/\?key=\S+)")
OUTSIDE = """
import socket
try:
    socket.create_connection(({address!r}, {port}), timeout=5)
except OSError:
    print("no way out")
else:
    print("a way out")
"""


class Page:
    """What a browser would ask of the page in the container."""

    def __init__(self, host: str, entrance: str) -> None:
        self.host = host
        response, _ = self._send("GET", entrance, None, "")
        self._cookie = (response.getheader("Set-Cookie") or "").split(";")[0]

    def get(self, path: str) -> Any:
        return json.loads(self._send("GET", path, None, self._cookie)[1])

    def post(self, path: str, question: dict[str, Any]) -> Any:
        response, answer = self._send("POST", path, json.dumps(question).encode(), self._cookie)
        assert response.status == 200, answer
        return json.loads(answer)

    def _send(self, method: str, path: str, body: bytes | None, cookie: str) -> tuple[Any, bytes]:
        connection = HTTPConnection(self.host, timeout=60)
        connection.request(method, path, body, {"Origin": f"http://{self.host}", "Cookie": cookie})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response, answer


@pytest.fixture
def user() -> Iterator[User]:
    """A user with a model that was made without training, and three pictures that it sorted."""
    home = Path(tempfile.mkdtemp(prefix="pigeonhole, page ")).resolve()
    user = make_user(home)
    shutil.copy(ROOT / "web.sh", user.checkout)
    write_colour_model(user.tf_files)
    write_pictures(home / "in", {"r.png": RED, "g.png": GREEN, "b.png": BLUE})
    command = [sys.executable, "-m", "pigeonhole", "guess-dir", *map(str, (user.tf_files, home / "in", home / "out"))]
    subprocess.run(command, check=True, capture_output=True)
    user.owns(home)
    yield user
    shutil.rmtree(home)


@contextmanager
def page_of(user: User) -> Iterator[Page]:
    """The page that `bash web.sh` shows, until the container is stopped."""
    process = user.start("bash", user.checkout / "web.sh", user.tf_files, "out", PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    assert process.stderr is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if found := ADDRESS.search(line):
                yield Page(found[1], found[2])
                break
        else:
            raise AssertionError("".join(said))
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_three_pictures_are_reviewed_in_the_container_and_are_the_callers(user: User) -> None:
    out, data = user.home / "out", user.tf_files / "data"
    with page_of(user) as page:
        asked = page.get("/queue")["pictures"]
        assert len(asked) == 3
        by_name = {each["name"].partition("_")[0]: each["picture"] for each in asked}
        answers = [("red", "others"), ("green", "green_things"), ("blue", None)]
        for colour, category in answers:
            page.post("/decide", {"answers": [{"picture": by_name[colour], "category": category}]})
        while page.get("/state")["open"]:
            pass
        assert page.get("/state")["troubles"] == []
    shown = [path for top in visible(out) for path in (top, *top.rglob("*"))]
    assert sorted(str(path.relative_to(out)) for path in shown if path.is_file()) == [
        "green_things-0.99998.png",
        "others-checked.png",
        "set_aside/blue_things-0.99998.png",
    ]
    assert sorted(str(path.relative_to(data)) for path in data.rglob("*.png")) == ["green_things/g.png", "others/r.png"]
    assert owners(out, data) == {user.ids}


def test_the_page_can_write_to_its_folders_alone_and_finds_no_way_out(user: User) -> None:
    with page_of(user) as page:
        assert page.get("/state")["troubles"] == []
        container = docker("ps", "--quiet", "--filter", "network=pigeonhole-page").split()[0]
        settings = json.loads(docker("inspect", container))[0]
        assert settings["HostConfig"]["ReadonlyRootfs"]
        assert settings["HostConfig"]["CapDrop"] == ["ALL"]
        (published,) = settings["HostConfig"]["PortBindings"].values()
        assert [each["HostIp"] for each in published] == ["127.0.0.1"]
        for address, port in (("1.1.1.1", 443), ("9.9.9.9", 53)):
            code = OUTSIDE.format(address=address, port=port)
            said = docker("exec", container, "python3", "-c", code)
            assert said.strip() == "no way out"


@pytest.fixture
def compose() -> list[str]:
    for command in (["docker-compose"], [engine(), "compose"]):
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("needs Compose, which is not here")


def test_the_service_of_compose_is_well_formed(user: User, compose: list[str]) -> None:
    environment = {"TF_FILES": str(user.tf_files), "FOLDER": str(user.home / "out")}
    file = str(user.checkout / "docker-compose.yml")
    assert user.run(*compose, "-f", file, "config", "--quiet", **environment).returncode == 0
