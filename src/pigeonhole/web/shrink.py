"""A small copy of a picture, made anew from its pixels; decoder processes import this file and little else."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath

from PIL import Image

from pigeonhole.images.whole import to_whole

SHRINK = "pigeonhole.web.shrink:shrink"
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Shrinking:
    """What a decoder process is told: the `edge` in pixels. It answers with a file, so `size` is 0."""

    edge: int
    size: int = 0


def shrink(data: bytes, shrinking: Shrinking, large_turn: AbstractContextManager[object], _: PurePath) -> bytes:
    """A JPEG of the pixels in `data`, its longer edge at most `shrinking.edge`. A decoder process calls this."""
    buffer = BytesIO()
    Image.fromarray(to_whole(data, shrinking.edge, large_turn)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
