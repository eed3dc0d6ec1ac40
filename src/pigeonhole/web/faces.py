"""The faces of an uploaded picture, boxed and numbered, for a model that was trained on faces."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UnreadableError, UsageError
from pigeonhole.faces.animeface_environment import PLACE
from pigeonhole.faces.boxes import Face
from pigeonhole.faces.find import Finder
from pigeonhole.images.whole import to_whole
from pigeonhole.labelling.pictures import Picture
from pigeonhole.text import printable

BOX = "pigeonhole.web.faces:box_faces"
MARGIN = 0.1  # of a face's side that is kept around it, as the command `faces` does
LARGE = 1280  # pixels of the longer edge of what is shown
MOST = 50  # faces
INK, LINE = (255, 255, 255), (200, 30, 20)


@dataclass(frozen=True, slots=True)
class Boxing:
    """What a decoder process is told; it answers with files, so `size` is 0."""

    animeface: Path | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Boxed:
    """`shown` is a JPEG of the picture with a numbered box around each face; `faces` are PNGs, in that order."""

    shown: bytes
    faces: tuple[bytes, ...]


def boxed(picture: Picture) -> Boxed:
    """Raises UnreadableError where the picture cannot be read, UsageError where what finds faces is not installed."""
    try:
        import cv2  # noqa: F401 - asked for here, since a decoder process can only die of its absence
    except ModuleNotFoundError:
        raise UsageError(
            "What finds faces is not installed.", "Install it with: pip install 'pigeonhole[prepare]'"
        ) from None
    animeface = os.environ.get(PLACE)
    with DecoderPool(1, decoder=BOX) as pool:
        (made,) = pool.make([picture.found], Boxing(Path(animeface) if animeface else None))
    if not isinstance(made, Made):
        raise UnreadableError(f"{printable(picture.path.name)}: {made.reason}.")
    return Boxed(*made.value)


def box_faces(
    data: bytes, boxing: Boxing, large_turn: AbstractContextManager[object], _: PurePath
) -> tuple[bytes, tuple[bytes, ...]]:
    """The two fields of Boxed for a whole picture. A decoder process calls this."""
    pixels = to_whole(data, None, large_turn)
    finder = Finder("drawn", boxing.animeface)
    found = [finder.faces(pixels), replace(finder, detector="human").faces(pixels)]
    faces = max(found, key=lambda each: sum(face.firm for face in each))[:MOST]
    height, width = pixels.shape[:2]
    boxes = [face.widened(MARGIN, width, height) for face in faces]
    cut = tuple(_encoded(pixels[top:bottom, left:right], "PNG") for left, top, right, bottom in boxes)
    return _encoded(_drawn(pixels, faces), "JPEG"), cut


def _drawn(pixels: NDArray[np.uint8], faces: list[Face]) -> NDArray[np.uint8]:
    picture = Image.fromarray(pixels)
    scale = min(1.0, LARGE / max(picture.size))
    picture = picture.resize((round(picture.width * scale) or 1, round(picture.height * scale) or 1))
    draw = ImageDraw.Draw(picture)
    for number, face in enumerate(faces, 1):
        left, top, side = face.left * scale, face.top * scale, face.side * scale
        for width, colour in ((6, INK), (3, LINE)):  # seen on any ground
            draw.rectangle((left, top, left + side, top + side), outline=colour, width=width)
        size = max(16, min(40, side / 4))
        draw.rectangle((left, top, left + size * 1.2, top + size * 1.2), fill=LINE)
        draw.text((left + size * 0.2, top), str(number), fill=INK, font_size=size)
    return np.asarray(picture)


def _encoded(pixels: NDArray[np.uint8], kind: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, quality=90)
    return buffer.getvalue()
