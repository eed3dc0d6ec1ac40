"""A real watcher: a process of its own with files for what it says, and pictures that are all different."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from models import write_colour_model
from oracle import HIDDEN, contents, whole
from pigeonhole.inbox.health import why_unhealthy
from trees import BLUE, GREEN, RED

SETTLE = 0.4
HANGS = 300.0  # seconds; what takes longer hangs, however slow the machine is
COLOURS = {"red_things": RED, "green_things": GREEN, "blue_things": BLUE}
# As root: gives up the rights to pass by permissions (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH), then becomes the command.
_GIVE_UP = (
    "import ctypes, os, sys\n"
    "if os.geteuid() == 0:\n"
    "    for right in (1, 2): ctypes.CDLL(None).prctl(24, right, 0, 0, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)
_MAIN = "\nfrom pigeonhole.cli import main\nmain()\n"
OBEDIENTLY = (sys.executable, "-c", _GIVE_UP)
CATEGORIES = tuple(COLOURS)


def picture(number: int = 0, size: int = 40) -> bytes:
    """A PNG whose colour goes round with `number`, and whose bytes no other number has."""
    buffer = BytesIO()
    Image.new("RGB", (size, size), COLOURS[CATEGORIES[number % 3]]).save(buffer, "PNG")
    return buffer.getvalue() + number.to_bytes(8, "big")


def wait_until(is_so: Callable[[], bool], what: str = "it") -> None:
    end = time.monotonic() + HANGS
    while not is_so():
        assert time.monotonic() < end, f"{what} has not happened within {HANGS} seconds"
        time.sleep(0.02)


def names(folder: Path) -> list[str]:
    """The files that a user sees below `folder`, also while a watcher is at work and its part files come and go."""
    seen = (path for path in sorted(folder.rglob("*")) if not path.name.startswith(HIDDEN) and not path.is_dir())
    return [str(path.relative_to(folder)) for path in seen if path.relative_to(folder).parts[0] != HIDDEN]


class Place:
    """A folder with a model, an inbox, and an output that does not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tf_files = write_colour_model(folder / "tf files")
        self.inbox = folder / "in box"
        self.inbox.mkdir()
        self.out = folder / "sorted"

    def drop(self, *numbers: int, into: Path | None = None) -> None:
        for number in numbers:
            ((into or self.inbox) / f"{number:05}.png").write_bytes(picture(number))

    def both(self) -> tuple[Path, Path]:
        return self.inbox, self.out

    def sorted_count(self) -> int:
        return len(names(self.out)) if self.out.exists() else 0


class Watching:
    """`pigeonhole watch` at `place`; `said` is what it told people, `lines` what it told programs.

    `obeys`: it obeys permissions even if the tests run as root. `first`: what its process does before it watches.
    """

    def __init__(
        self, place: Place, *options: str, out: Path | None = None, obeys: bool = False, first: str = ""
    ) -> None:
        self.place = place
        self.out = out or place.out
        self._files = Path(tempfile.mkdtemp(dir=place.folder))
        arguments = [place.tf_files, place.inbox, self.out, "--settle", str(SETTLE), "--json", *options]
        with (self._files / "out").open("wb") as stdout, (self._files / "err").open("wb") as stderr:
            self.process = subprocess.Popen(
                [*(OBEDIENTLY if obeys else ()), sys.executable, "-c", first + _MAIN, "watch", *map(str, arguments)],
                stdout=stdout,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
            )

    @property
    def said(self) -> str:
        return (self._files / "err").read_text(errors="surrogateescape")

    @property
    def lines(self) -> list[dict[str, Any]]:
        *complete, _ = (self._files / "out").read_text().split("\n")
        return [json.loads(line) for line in complete]

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.said or self.process.poll() is not None, text)
        assert text in self.said, self.said

    def wait_until_sorted(self, count: int) -> None:
        """Until `count` files stand in the output."""
        wait_until(lambda: len(names(self.out)) >= count if self.out.exists() else False, f"sorting {count}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> dict[str, Any]:
        """End it as `docker stop` does. Returns the summary."""
        self.process.send_signal(number)
        self.process.wait(HANGS)
        assert "Traceback" not in self.said, self.said
        assert self.process.returncode in (0, 1), self.said
        summary = self.lines[-1]
        assert summary["outcome"] == "summary"
        assert summary["seen"] == sum(
            summary[part] for part in ("sorted", "unknown", "unreadable", "skipped", "failed")
        )
        return summary

    def health(self) -> tuple[int, str]:
        command = [sys.executable, "-m", "pigeonhole", "health", str(self.out)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.stderr == ""
        return ran.returncode, ran.stdout.strip()

    def is_well(self) -> bool:
        return why_unhealthy(self.out) is None

    def wait_until_well(self) -> None:
        wait_until(self.is_well, "being well")

    def wait_for_trouble(self, text: str) -> None:
        wait_until(lambda: text in (why_unhealthy(self.out) or ""), f"trouble: {text}")


@contextmanager
def watching(
    place: Place,
    *options: str,
    out: Path | None = None,
    obeys: bool = False,
    ready: bool = True,
    first: str = "",
) -> Iterator[Watching]:
    """A watcher that is surely gone at the end."""
    watcher = Watching(place, *options, out=out, obeys=obeys, first=first)
    try:
        if ready:
            wait_until(lambda: watcher.is_well() or watcher.process.poll() is not None, "starting")
        yield watcher
    finally:
        if watcher.process.poll() is None:
            watcher.process.kill()
            watcher.process.wait()


def assert_all_sorted_once(place: Place, *numbers: int) -> None:
    """Every picture stands in the output once, under its category; the inbox has nothing any more."""
    assert names(place.inbox) == []
    assert sorted(contents(place.out)) == sorted(digests(*numbers))
    for number in numbers:
        (name,) = (name for name, entry in whole(place.out).items() if getattr(entry, "sha256", "") in digests(number))
        assert name.startswith(CATEGORIES[number % 3]), name


def digests(*numbers: int) -> list[str]:
    return [hashlib.sha256(picture(number)).hexdigest() for number in numbers]


def write_slowly(path: Path, data: bytes, pauses: list[float], *, keeps_open: bool = True) -> None:
    """`data` in equal pieces with these pauses between them, through one opening of the file or one for each piece."""
    piece = -(-len(data) // (len(pauses) + 1))
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for number, start in enumerate(range(0, len(data), piece)):
        if number:
            if not keeps_open:
                os.close(descriptor)
            time.sleep(pauses[number - 1])
            if not keeps_open:
                descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, data[start : start + piece])
    os.close(descriptor)
