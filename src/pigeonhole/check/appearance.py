"""What is measured of each picture besides what is on it: its size, its border, its thumbnail."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.near_duplicates import thumbnail
from pigeonhole.errors import UnreadableError
from pigeonhole.files import read
from pigeonhole.images import Preprocessing, upright_size
from pigeonhole.output import Output
from pigeonhole.records import Failed, Unreadable
from pigeonhole.stream import Decoded, decoded

WHOLE = Preprocessing(size=128, fraction=1.0, crop="squeeze")
EVEN = 8.0  # of 255 levels: within a border, colours differ by no more than JPEG makes them differ
DEEPEST = WHOLE.size // 3


@dataclass(frozen=True, slots=True)
class Appearance:
    """`width` and `height` in pixels, as shown; `border` is the depth of the even strip at the left, top, right and
    bottom (0 to 1 of the edge) and its brightness (0 to 1) at each, 0 where there is none; `thumbnail` [32, 32], grey.
    """

    width: int
    height: int
    border: tuple[float, ...]
    thumbnail: NDArray[np.uint8]


def appearances(
    examples: Sequence[Example], output: Output
) -> tuple[dict[Path, Appearance], dict[Path, Unreadable | Failed]]:
    """Of every example by its path, and of those that cannot be read, why not."""
    seen: dict[Path, Appearance] = {}
    problems: dict[Path, Unreadable | Failed] = {}
    with output.stage("Reading pictures", len(examples)) as advance:
        for item in decoded((example.found for example in examples), WHOLE):
            advance()
            match item:
                case Decoded():
                    try:
                        width, height = upright_size(read(item.found.path)[0])
                    except (UnreadableError, OSError) as error:
                        problems[item.found.path] = Unreadable(item.found.path, str(error))
                        continue
                    border = border_of(item.pixels)
                    seen[item.found.path] = Appearance(width, height, border, thumbnail(item.pixels))
                case Unreadable() | Failed():
                    problems[item.path] = item
    return seen, problems


def border_of(pixels: NDArray[np.uint8]) -> tuple[float, ...]:
    """The border of uint8 [S, S, 3], as in Appearance: lines from the edge inwards that are all of one even colour."""
    sides = (pixels.transpose(1, 0, 2), pixels, pixels.transpose(1, 0, 2)[::-1], pixels[::-1])
    depths, shades = zip(*(_strip(side) for side in sides), strict=True)
    return (*depths, *shades)


def _strip(lines: NDArray[np.uint8]) -> tuple[float, float]:
    """Depth and brightness of the even strip at the first of `lines`, uint8 [S, S, 3]."""
    outermost = lines[0].mean(axis=0)
    away = np.abs(lines[:DEEPEST] - outermost).mean(axis=(1, 2))
    uneven = lines[:DEEPEST].std(axis=1).max(axis=1)
    other = np.flatnonzero((away > EVEN) | (uneven > EVEN))
    depth = int(other[0]) if len(other) else DEEPEST
    return depth / len(lines), float(outermost.mean()) / 255 if depth else 0.0
