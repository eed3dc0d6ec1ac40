"""The even strips at the edges of one picture."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pigeonhole.images.whole import to_whole

SIDES = ("left", "top", "right", "bottom")
EVEN = 8.0  # of 255 levels: how much the colours of an edge's first line differ where it is a border
RINGING = 20.0  # of 255 levels: how much they may differ further in, where JPEG has drawn echoes of the picture
ALIKE = 12.0  # of 255 levels: how far a border's colour may be from that of the others
DEEPEST = 1 / 3  # of the edge, on each side
RIM = 2  # pixels that are cut off beyond a border, where it is blended with the picture


@dataclass(frozen=True, slots=True)
class Whole:
    """For the decoder processes: pictures in full size; they answer with something else than squares."""

    size: int = 0


@dataclass(frozen=True, slots=True)
class Strip:
    """An even strip at one side: its `depth` in pixels, 0 where there is none, and its `colour` [3], 0 to 255.

    Of the line RIM pixels behind its end, as many pixels as `other` have another colour, and their mean is `behind`
    [3]; both are zero where the strip has no end within DEEPEST.
    """

    depth: int
    colour: tuple[float, ...]
    other: int
    behind: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """Size in pixels of a picture, and the strips at its SIDES."""

    width: int
    height: int
    strips: tuple[Strip, ...]

    @property
    def is_blank(self) -> bool:
        """Whether the picture is of one colour, as far as strips go, and says nothing about borders."""
        limits = (int(self.width * DEEPEST), int(self.height * DEEPEST)) * 2
        return all(strip.depth >= limit for strip, limit in zip(self.strips, limits, strict=True))


def measure(data: bytes, _: Whole, large_turn: AbstractContextManager[object], __: PurePath) -> Edges:
    """The edges of a picture. A decoder process calls this."""
    return edges_of(to_whole(data, None, large_turn))


def edges_of(pixels: NDArray[np.uint8]) -> Edges:
    """Of uint8 [H, W, 3] RGB: how many lines from each edge inwards are all of one even colour, and what follows."""
    across = pixels.transpose(1, 0, 2)
    strips = tuple(_strip(lines) for lines in (across, pixels, across[::-1], pixels[::-1]))
    return Edges(pixels.shape[1], pixels.shape[0], strips)


def _strip(lines: NDArray[np.uint8]) -> Strip:
    deepest = int(len(lines) * DEEPEST)
    colour = lines[0].mean(axis=0)
    depth = next((depth for depth in range(deepest) if not _goes_on(lines[depth], colour, depth)), deepest)
    other, behind = 0, np.zeros(3)
    if depth < deepest:
        line = lines[min(depth + RIM, len(lines) - 1)]
        other, behind = int((np.abs(line - colour).max(axis=1) > ALIKE).sum()), line.mean(axis=0)
    return Strip(depth, tuple(map(float, colour)), other, tuple(map(float, behind)))


def _goes_on(line: NDArray[np.uint8], colour: NDArray[np.floating], depth: int) -> bool:
    uneven, away = float(line.std(axis=0).max()), float(np.abs(line.mean(axis=0) - colour).max())
    return uneven <= (RINGING if depth else EVEN) and away <= ALIKE
