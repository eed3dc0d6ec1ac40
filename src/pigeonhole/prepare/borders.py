"""Bars and thin lines of one colour at the edges of pictures that were made alike."""

from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.origins import film_of
from pigeonhole.images.whole import to_whole

SIDES = ("left", "top", "right", "bottom")
Cut = tuple[int, int, int, int]  # pixels at SIDES
NONE: Cut = (0, 0, 0, 0)
EVEN = 8.0  # of 255 levels: how much the colours of an edge's first line differ where it is a border
RINGING = 20.0  # of 255 levels: how much they may differ further in, where JPEG has drawn echoes of the picture
ALIKE = 12.0  # of 255 levels: how far a border's colour may be from that of the others
DEEPEST = 1 / 3  # of the edge, on each side
STRAY = 0.05  # of all pictures: so many may have something written on the border
RIM = 2  # pixels that are cut off beyond a border, where it is blended with the picture


@dataclass(frozen=True, slots=True)
class Whole:
    """For the decoder processes: pictures in full size; they answer with something else than squares."""

    size: int = 0


@dataclass(frozen=True, slots=True)
class Edges:
    """`depths` and `colours` [4][3] (0 to 255) of the even strips at SIDES; all lengths in pixels."""

    width: int
    height: int
    depths: tuple[int, ...]
    colours: tuple[tuple[float, ...], ...]

    @property
    def is_blank(self) -> bool:
        """Whether the picture is of one colour, as far as strips go, and says nothing about borders."""
        limits = (int(self.width * DEEPEST), int(self.height * DEEPEST)) * 2
        return all(depth >= limit for depth, limit in zip(self.depths, limits, strict=True))


def measure(data: bytes, _: Whole, large_turn: AbstractContextManager[object], __: PurePath) -> Edges:
    """The edges of a picture. A decoder process calls this."""
    return edges_of(to_whole(data, None, large_turn))


def edges_of(pixels: NDArray[np.uint8]) -> Edges:
    """Of uint8 [H, W, 3] RGB: how many lines from each edge inwards are all of one even colour."""
    across = pixels.transpose(1, 0, 2)
    strips = [_strip(lines) for lines in (across, pixels, across[::-1], pixels[::-1])]
    depths, colours = zip(*strips, strict=True)
    return Edges(pixels.shape[1], pixels.shape[0], depths, colours)


def _strip(lines: NDArray[np.uint8]) -> tuple[int, tuple[float, ...]]:
    deepest = int(len(lines) * DEEPEST)
    colour = lines[0].mean(axis=0)
    for depth in range(deepest):
        line = lines[depth]
        uneven, away = float(line.std(axis=0).max()), float(np.abs(line.mean(axis=0) - colour).max())
        if uneven > (RINGING if depth else EVEN) or away > ALIKE:
            return depth, tuple(map(float, colour))
    return deepest, tuple(map(float, colour))


class Borders:
    """What the pictures of one film, or of one size in one folder, have in common at their edges."""

    def __init__(self) -> None:
        self._edges: dict[str, list[Edges]] = defaultdict(list)

    def add(self, relative: PurePath, edges: Edges) -> None:
        self._edges[group_of(relative, edges.width, edges.height)].append(edges)

    def cuts(self) -> dict[str, Cut]:
        """For each group, in the order of their names, how many pixels are to be cut off at SIDES."""
        return {group: _cut(edges) for group, edges in sorted(self._edges.items())}

    def count(self, group: str) -> int:
        return len(self._edges[group])


def group_of(relative: PurePath, width: int, height: int) -> str:
    """Pictures with the same text were made alike."""
    return f"{film_of(relative) or relative.parent} ({width} × {height})"


def _cut(edges: list[Edges]) -> Cut:
    """A border is what nearly all pictures have at that edge, in the same colour; dark scenes only have more of it."""
    told = [each for each in edges if not each.is_blank]
    return (_depth(told, 0), _depth(told, 1), _depth(told, 2), _depth(told, 3)) if told else NONE


def _depth(edges: list[Edges], side: int) -> int:
    depths = np.array([each.depths[side] for each in edges])
    colours = np.array([each.colours[side] for each in edges])
    usual = np.median(colours[depths > 0], axis=0) if (depths > 0).any() else colours[0]
    depths[np.abs(colours - usual).max(axis=1) > ALIKE] = 0
    stray = int(STRAY * len(depths))
    depth = int(np.sort(depths)[stray])
    return depth + RIM if depth else 0
