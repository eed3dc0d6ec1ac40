"""Bars and thin lines of one colour that pictures have in common, because they were made alike."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from pigeonhole.dataset.origins import film_of
from pigeonhole.prepare.borders import ALIKE, EVEN, RIM, SIDES, Edges, Strip

Cut = tuple[int, int, int, int]  # pixels at SIDES
NONE: Cut = (0, 0, 0, 0)
FRAMES = 3  # of a film, and
PICTURES = 10  # of one size in a folder, are the fewest that tell a border from a background
STRAY = 0.05  # of all pictures: so many may have something written on the border
STRAIGHT = 0.8  # of the line behind a border: so much has another colour, where no night lies behind it
BRIGHT = 0.1  # of a film's frames: so many have no night there, and
BRIGHT_PHOTOS = 0.5  # of the pictures of a folder, which are of no film
DARK, LIGHT = 32.0, 223.0  # of 255 levels: what is beyond is nearly black or white, as bars are


@dataclass(frozen=True, slots=True)
class Group:
    """`count` pictures that were made alike. `cut` are the pixels at SIDES that are border, None where the pictures are
    too few to tell. `background` are the sides at which all are even, but that end ragged, or each at another line.
    """

    name: str
    count: int
    cut: Cut | None
    background: tuple[str, ...] = ()


class CommonBorders:
    """What the pictures of one film, or of one size in one folder, have in common at their edges."""

    def __init__(self) -> None:
        self._edges: dict[tuple[str, bool], list[Edges]] = defaultdict(list)

    def add(self, relative: PurePath, edges: Edges) -> None:
        name = group_of(relative, edges.width, edges.height)
        self._edges[name, film_of(relative) is not None].append(edges)

    def groups(self) -> Iterator[Group]:
        """All groups, in the order of their names."""
        for (name, is_film), edges in sorted(self._edges.items(), key=lambda item: item[0]):
            told = [each for each in edges if not each.is_blank]
            if len(told) < (FRAMES if is_film else PICTURES):
                yield Group(name, len(edges), None)
            else:
                yield _judged(name, len(edges), told, BRIGHT if is_film else BRIGHT_PHOTOS)


def group_of(relative: PurePath, width: int, height: int) -> str:
    """Pictures with the same text were made alike."""
    return f"{film_of(relative) or relative.parent} ({width} × {height})"


def _judged(name: str, count: int, told: Sequence[Edges], bright: float) -> Group:
    sides = [_Side([edges.strips[side] for edges in told]) for side in range(4)]
    least = [side.least for side in sides]
    across, down = told[0].width - least[0] - least[2], told[0].height - least[1] - least[3]
    left, top, right, bottom = (
        side.border(length, bright) for side, length in zip(sides, (down, across, down, across), strict=True)
    )
    cut = left, top, right, bottom
    background = tuple(name for name, depth, gone in zip(SIDES, least, cut, strict=True) if depth and not gone)
    return Group(name, count, cut, background)


class _Side:
    """The strips of many pictures at one side, as far as they are of the usual colour there."""

    def __init__(self, strips: Sequence[Strip]) -> None:
        self._depths = np.array([strip.depth for strip in strips])
        self._others = np.array([strip.other for strip in strips])
        self._behind = np.array([strip.behind for strip in strips])
        colours = np.array([strip.colour for strip in strips])
        self._colour = np.median(colours[self._depths > 0], axis=0) if self._depths.any() else colours[0]
        self._depths[np.abs(colours - self._colour).max(axis=1) > ALIKE] = 0
        self._stray = int(STRAY * len(strips))

    @property
    def least(self) -> int:
        """The depth in pixels that nearly all have."""
        return int(np.sort(self._depths)[self._stray])

    def border(self, length: int, bright: float) -> int:
        """How many pixels are border: nearly all pictures have so many, and a share of at least `bright` ends just
        there, straight along a line of `length` pixels. A night only goes on further.
        """
        ends = (self._depths > 0) & (self._others >= STRAIGHT * length)
        for depth in np.unique(self._depths[ends])[::-1]:
            here = ends & (np.abs(self._depths - depth) <= RIM)
            shallower = int((self._depths < max(1, depth - RIM)).sum())
            if here.sum() >= max(2.0, bright * len(ends)) and shallower <= self._stray and self._is_drawn(here):
                return int(np.median(self._depths[here])) + RIM
        return 0

    def _is_drawn(self, here: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> bool:
        """Whether it is no wall or sky before a camera that stands still: black, white, or what is behind changes."""
        is_extreme = bool((self._colour <= DARK).all() or (self._colour >= LIGHT).all())
        return is_extreme or float(self._behind[here].std(axis=0).max()) > EVEN
