"""Runs in an environment of its own, with animeface and a Pillow that it can read: pixels in, JSON out.

On standard input: a line of JSON {"width": …, "height": …}, then width × height × 3 bytes of RGB. On standard output: a
line of JSON, a list of [likelihood, left, top, width, height]. The first line says {"pillow": …}. It imports nothing of
pigeonhole, and ends when its input does.
"""

import ctypes
import json
import signal
import sys
from contextlib import suppress

import animeface  # type: ignore[import-not-found, unused-ignore]
import PIL.Image

PR_SET_PDEATHSIG = 1


def main() -> None:
    with suppress(OSError, AttributeError):  # it would search on for nobody; other systems than Linux do not know it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    reader, writer = sys.stdin.buffer, sys.stdout
    writer.write(json.dumps({"pillow": PIL.__version__}) + "\n")
    writer.flush()
    while line := reader.readline():
        size = json.loads(line)
        pixels = reader.read(size["width"] * size["height"] * 3)
        picture = PIL.Image.frombytes("RGB", (size["width"], size["height"]), pixels)
        faces = [(each.likelihood, each.face.pos) for each in animeface.detect(picture)]
        found = [[likelihood, place.x, place.y, place.width, place.height] for likelihood, place in faces]
        writer.write(json.dumps(found) + "\n")
        writer.flush()


if __name__ == "__main__":
    main()
