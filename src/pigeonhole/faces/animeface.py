"""Asking animeface, a detector of drawn faces that has to run in a process and an environment of its own."""

import atexit
import json
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHILD = Path(__file__).with_name("animeface_child.py")
FIRST_BAD_PILLOW = 12  # with which it finds nothing, and does not say so


class Animeface:
    """A child process of `python`, the interpreter of that environment, that lives as long as this one.

    It may crash on a picture: that picture has no faces then, and the next one gets a new child.
    """

    def __init__(self, python: Path) -> None:
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def find(self, pixels: NDArray[np.uint8]) -> list[tuple[float, float, float, float, float]]:
        """Likelihood (0 to 1), left, top, width and height of each face in uint8 [H, W, 3] RGB."""
        for _ in range(2):
            try:
                return self._asked(pixels)
            except (OSError, ValueError):  # it died: of this picture, or before it
                self.close()
        return []

    def works(self) -> bool:
        """Whether a child starts in that environment, with a Pillow that animeface understands."""
        try:
            return self._asked(np.zeros((8, 8, 3), np.uint8)) == []
        except (OSError, ValueError):
            return False
        finally:
            self.close()

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            for stream in (self._process.stdin, self._process.stdout):
                if stream:
                    with suppress(OSError):
                        stream.close()
            self._process = None

    def _asked(self, pixels: NDArray[np.uint8]) -> list[tuple[float, float, float, float, float]]:
        process = self._process or self._started()
        if process.stdin is None or process.stdout is None:
            raise ValueError("no pipes")
        size = {"width": pixels.shape[1], "height": pixels.shape[0]}
        process.stdin.write(json.dumps(size).encode() + b"\n" + np.ascontiguousarray(pixels).tobytes())
        process.stdin.flush()
        return [tuple(map(float, found)) for found in json.loads(process.stdout.readline())]  # type: ignore[misc]

    def _started(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [self._python, "-I", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        hello = json.loads(self._process.stdout.readline()) if self._process.stdout else {}
        if int(hello["pillow"].split(".")[0]) >= FIRST_BAD_PILLOW:
            raise ValueError("animeface finds nothing with this Pillow")
        return self._process
