"""The faces in a picture: every way of looking for them is one vote, and votes are merged."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.faces.animeface import Animeface
from pigeonhole.faces.boxes import Face, Find, merged
from pigeonhole.faces.cascades import DRAWN, HUMAN, search
from pigeonhole.images.preprocessing import Detector

EDGES = (400, 640, 1024)  # pixels of the longer edge, at which a picture is searched: faces may be large or small
STRIP = 2  # times as long as wide: a picture that is longer is searched in a larger size, but
LARGER_STRIP = 4  # times larger at most
TURNED_EDGE = 640
TURNS = (20, -20, 40, -40)  # degrees, where no face stands upright
LIKELY = 0.9  # the likelihood from which a find of animeface is sure, and
CERTAIN = 0.995  # from which it needs nobody else: below, leaves and stones are among the finds
LARGER = 1.3  # times as wide are the cascade's squares as those of animeface, on 95 faces that both found


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds faces of one kind. `animeface` is the interpreter that runs it, None where the cascade has to do alone."""

    detector: Detector
    animeface: Path | None = None

    def faces(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """The faces in a whole picture, uint8 [H, W, 3] RGB, from left to right, in its pixels.

        Where no drawn face is found firmly, the picture is also turned, since detectors know upright faces only; where
        that finds nothing firmly either, the likeliest of what was in doubt is taken. (Turned photos of landscapes are
        full of faces of people, for these cascades.)
        """
        finds = list(self._at_all_sizes(pixels))
        firm = [face for face in merged(finds) if face.firm]
        if not firm and self.detector == "human":
            return [face for face in merged(finds) if face.sure]
        if not firm:
            finds += self._turned(pixels)
            firm = [face for face in merged(finds) if face.firm]
        doubtful = [face for face in merged(finds) if face.sure or face.votes > 1]
        return firm or sorted(doubtful, key=lambda face: (face.sure, face.votes, face.side))[-1:]

    def _at_all_sizes(self, pixels: NDArray[np.uint8]) -> Iterator[Find]:
        shortest, longest = sorted(pixels.shape[:2])
        length = max(min(longest, STRIP * shortest), longest / LARGER_STRIP)
        for edge in dict.fromkeys(min(edge, length) for edge in EDGES):
            scale = edge / length
            for find in self._finds(_scaled(pixels, scale), str(edge)):
                yield replace(find, x=find.x / scale, y=find.y / scale, side=find.side / scale)

    def _turned(self, pixels: NDArray[np.uint8]) -> Iterator[Find]:
        scale = min(1.0, TURNED_EDGE / max(pixels.shape[:2]))
        small = Image.fromarray(_scaled(pixels, scale))
        for degrees in TURNS:
            turned = small.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(128, 128, 128))
            back = _turning_back(degrees, turned.size, small.size)
            for find in self._finds(np.asarray(turned), str(degrees)):
                x, y = back(find.x, find.y)
                yield replace(find, x=x / scale, y=y / scale, side=find.side / scale)

    def _finds(self, pixels: NDArray[np.uint8], way: str) -> Iterator[Find]:
        for cascade in DRAWN if self.detector == "drawn" else HUMAN:
            yield from search(cascade, pixels, way)
        if self.detector == "drawn" and self.animeface is not None:
            for likelihood, left, top, width, height in _child(self.animeface).find(pixels):
                x, y, side = left + width / 2, top + height / 2, LARGER * (width + height) / 2
                yield Find(x, y, side, f"animeface {way}", sure=likelihood >= LIKELY, trusted=likelihood >= CERTAIN)


@cache
def _child(python: Path) -> Animeface:
    return Animeface(python)


def _scaled(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _turning_back(
    degrees: float, size: tuple[int, int], original: tuple[int, int]
) -> Callable[[float, float], tuple[float, float]]:
    """From a place in a picture that was turned, of `size`, to the place in the `original` size (width, height)."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def back(x: float, y: float) -> tuple[float, float]:
        across, down = x - size[0] / 2, y - size[1] / 2
        return original[0] / 2 + across * cosine - down * sine, original[1] / 2 + across * sine + down * cosine

    return back
