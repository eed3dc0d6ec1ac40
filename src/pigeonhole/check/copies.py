"""Pictures that are there several times, byte for byte or nearly."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.check.appearance import Appearance
from pigeonhole.check.findings import Finding, Move
from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.groups import joined
from pigeonhole.dataset.near_duplicates import near_duplicates
from pigeonhole.output import Output
from pigeonhole.text import printable

SET_ASIDE = Path("set_aside")


def find_copies(
    examples: Sequence[Example],
    names: Sequence[Path],
    seen: Sequence[Appearance],
    thumbnails: NDArray[np.uint8],
    features: NDArray[np.floating] | None,
    *,
    output: Output,
) -> Iterator[Finding]:
    """One finding for all pictures that are copies of one. `names` are the pictures' paths below TF_FILES."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(example.sha256, row), row) for row, example in enumerate(examples)]
    pairs += near_duplicates(thumbnails, features, output)
    clusters: dict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(joined(pairs, len(examples)).tolist()):
        clusters[number].append(row)
    for rows in clusters.values():
        if len(rows) > 1:
            yield _finding([examples[row] for row in rows], [names[row] for row in rows], [seen[row] for row in rows])


def _finding(examples: list[Example], names: list[Path], seen: list[Appearance]) -> Finding:
    """The largest picture is the one to keep; of equal ones, the first."""
    order = sorted(range(len(names)), key=lambda row: (-seen[row].width * seen[row].height, row))
    pictures = tuple(names[row] for row in order)
    exact = len({example.sha256 for example in examples}) == 1
    likeness = "the same picture" if exact else "nearly the same picture"
    categories = sorted({printable(example.category) for example in examples})
    if len(categories) > 1:
        return Finding(
            "two categories",
            pictures,
            f"{likeness} in {' and '.join(categories)}",
            moves=tuple(Move(path, None) for path in pictures),
        )
    moves = tuple(Move(path, SET_ASIDE / path) for path in pictures[1:])
    return Finding(
        "duplicates" if exact else "near-duplicates", pictures, f"{likeness} {len(pictures)} times", moves=moves
    )
