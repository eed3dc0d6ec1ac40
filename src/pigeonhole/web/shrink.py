"""A small copy of a picture, made anew from its pixels, and how large it is; decoder processes import this file and
little else.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath

from PIL import Image

from pigeonhole.images.read import upright_size
from pigeonhole.images.whole import to_whole

SHRINK = "pigeonhole.web.shrink:shrink"
MEASURE = "pigeonhole.web.shrink:measure"
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Shrinking:
    """What a decoder process is told: the `edge` in pixels. It answers with a file, so `size` is 0."""

    edge: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class Measuring:
    """What a decoder process is told that measures."""

    size: int = 0


def shrink(data: bytes, shrinking: Shrinking, large_turn: AbstractContextManager[object], _: PurePath) -> bytes:
    """A JPEG of the pixels in `data`, its longer edge at most `shrinking.edge`. A decoder process calls this."""
    buffer = BytesIO()
    Image.fromarray(to_whole(data, shrinking.edge, large_turn)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def measure(data: bytes, _: Measuring, __: AbstractContextManager[object], ___: PurePath) -> tuple[int, int]:
    """Width and height in pixels of the upright picture. A decoder process calls this."""
    return upright_size(data)
