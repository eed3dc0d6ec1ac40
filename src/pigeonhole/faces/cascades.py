"""OpenCV's cascades (Viola and Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple Features")."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pigeonhole.faces.boxes import Find

STEP = 1.1  # from one size of face to the next
LEAST = 24  # pixels of a face in the picture that is searched: what the cascades were trained with
WEAK = 3  # windows around a find that agree, to count it at all


@dataclass(frozen=True, slots=True)
class Cascade:
    """A trained cascade at `path`. So many windows that agree make its find `sure`; `mirrored`: it is asked about the
    mirrored picture, too, since it knows faces that look to one side.
    """

    name: str
    path: Path
    sure: int
    mirrored: bool = False


DRAWN = (Cascade("cascade", Path(__file__).with_name("lbpcascade_animeface.xml"), 5),)
_OPENCV = Path(cv2.__file__).parent / "data"
HUMAN = (
    Cascade("frontal", _OPENCV / "haarcascade_frontalface_alt2.xml", 6),
    Cascade("front", _OPENCV / "haarcascade_frontalface_default.xml", 8),
    Cascade("profile", _OPENCV / "haarcascade_profileface.xml", 8, mirrored=True),
)


def search(cascade: Cascade, pixels: NDArray[np.uint8], way: str) -> Iterator[Find]:
    """What `cascade` finds in uint8 [H, W, 3] RGB, in its pixels; `way` says how the picture was made."""
    grey: NDArray[Any] = cv2.equalizeHist(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    yield from _searched(cascade, grey, way)
    if cascade.mirrored:
        for find in _searched(cascade, cv2.flip(grey, 1), way):
            yield Find(grey.shape[1] - find.x, find.y, find.side, find.way, find.sure)


def _searched(cascade: Cascade, grey: NDArray[Any], way: str) -> Iterator[Find]:
    boxes, counts = _loaded(cascade).detectMultiScale2(grey, STEP, WEAK, minSize=(LEAST, LEAST))
    for (left, top, width, height), count in zip(boxes, counts, strict=True):
        x, y, side = left + width / 2, top + height / 2, (width + height) / 2
        yield Find(float(x), float(y), float(side), f"{cascade.name} {way}", int(count) >= cascade.sure)


@cache
def _loaded(cascade: Cascade) -> "cv2.CascadeClassifier":
    cv2.setNumThreads(1)  # every processor has a process of its own
    return cv2.CascadeClassifier(str(cascade.path))
