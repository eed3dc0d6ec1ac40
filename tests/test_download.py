"""The one download there is, from a server on this machine that behaves well or badly."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pigeonhole.backbones import download, obtain
from pigeonhole.backbones.download import fetch
from pigeonhole.errors import WeightsError
from pigeonhole.workspace import Workspace

CONTENT = b"weights" * 100_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
GOOD = f"net-{DIGEST[:8]}.pth"


@dataclass
class Published:
    url: str


class Server(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path in {"/net-00000000.pth", f"/{GOOD}"}:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)
        elif self.path.startswith("/cut/"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:1000])
        elif self.path.startswith("/silent/"):
            self.server.silence.wait(30)  # type: ignore[attr-defined]
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the test's own output is enough."""


@pytest.fixture
def server() -> Iterator[str]:
    Server.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        running.silence = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.silence.set()  # type: ignore[attr-defined]
        running.shutdown()
        thread.join()


def test_weights_are_fetched_once_and_kept(server: str, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    for _ in range(2):
        path = fetch(Published(f"{server}/{GOOD}"), "net", folder)
    assert path == folder / GOOD
    assert path.read_bytes() == CONTENT
    assert Server.asked == [f"/{GOOD}"]


def test_progress_is_shown(server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fetch(Published(f"{server}/{GOOD}"), "net", tmp_path)
    assert "100" in capfd.readouterr().err


@pytest.mark.parametrize("path", ["/net-00000000.pth", f"/cut/{GOOD}", f"/nowhere/{GOOD}"])
def test_a_failed_download_says_what_to_put_where_and_leaves_nothing(server: str, tmp_path: Path, path: str) -> None:
    with pytest.raises(WeightsError, match=r"There are no pretrained weights for net: the download failed .* TF_FILES"):
        fetch(Published(f"{server}{path}"), "net", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_nothing_is_given_up(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(WeightsError, match="timed out"):
        fetch(Published(f"{server}/silent/{GOOD}"), "net", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_server_at_all_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="the download failed"):
        fetch(Published(f"http://127.0.0.1:9/{GOOD}"), "net", tmp_path)


def test_offline_means_that_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIGEONHOLE_OFFLINE", "1")
    with pytest.raises(WeightsError, match="PIGEONHOLE_OFFLINE=1 forbids"):
        obtain.download_weights(Workspace(tmp_path), "mobilenet_v2")
    assert list(tmp_path.iterdir()) == []


def test_every_network_that_may_be_named_has_published_weights_with_a_checksum() -> None:
    from pigeonhole.backbones.torchvision_models import published_weights

    for backbone in ("mobilenet_v2", "resnet50", "vit_h_14", "regnet_y_16gf"):
        first = published_weights(backbone)[0]
        assert first.name.startswith("IMAGENET1K")
        assert len(first.url.rsplit("-", 1)[-1].split(".")[0]) == 8
