"""Groups of alike pictures, so that a person names a few groups instead of many pictures.

Ward 1963, "Hierarchical grouping to optimize an objective function", on the square roots of the features, of length 1:
on 480 pictures of two heroes, 2 to 12 such groups hold 98 % of one hero each, and those of plain features 96 to
97 %. Coarser groups are unions of finer ones, so that a slider between them moves nothing to and fro.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.groups import joined
from pigeonhole.dataset.near_duplicates import near_duplicates
from pigeonhole.vectors import l2_normalised

MOST = 2000  # pictures that are compared with each other; the others join the group of the one that they are most like
MOST_GROUPS = 60
BLOCK = 2048  # rows at a time
AXES = 64  # principal axes of those, by which the others are told to be typical; they hold most of what differs
FOLDED_MOST = 5000  # pictures among which near-duplicates are looked for


@dataclass(frozen=True, slots=True)
class Group:
    """The `rows` of its pictures, the most typical first."""

    rows: tuple[int, ...]


class Rows(Protocol):
    """Feature vectors of N pictures, which may be more than fit into the memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 [M, D] of the M `rows`."""


class Grouping:
    """How N pictures fall into groups, for every number of groups. Of more than MOST pictures, MOST vectors and AXES
    numbers for each are held in memory.
    """

    def __init__(self, features: Rows) -> None:
        """`features` [N, D] with N >= 1. Takes seconds for thousands."""
        from scipy.cluster.hierarchy import linkage

        count = len(features)
        chosen = np.arange(count) if count <= MOST else np.sort(np.random.default_rng(0).permutation(count)[:MOST])
        self._sample = spread(features[chosen])
        self._tree = linkage(self._sample.astype(np.float64), "ward") if len(chosen) > 1 else None
        if count <= MOST:
            self._vectors, self._nearest = self._sample, chosen
            return
        axes = _principal_axes(self._sample)
        parts = [(block @ axes, (block @ self._sample.T).argmax(axis=1)) for block in _spread_blocks(features)]
        self._vectors = np.concatenate([on_axes for on_axes, _ in parts])
        self._nearest = np.concatenate([nearest for _, nearest in parts])

    @property
    def most(self) -> int:
        """The largest number of groups that makes sense."""
        return max(1, min(MOST_GROUPS, len(self._sample) // 2))

    @property
    def usual(self) -> int:
        """How many to begin with: half the square root of the number of pictures."""
        return max(1, min(self.most, round(math.sqrt(len(self._vectors)) / 2)))

    def groups(self, count: int) -> list[Group]:
        """The rows of `count` groups, the largest group first."""
        members: dict[int, list[int]] = defaultdict(list)
        for row, label in enumerate(self._labels(count)[self._nearest].tolist()):
            members[label].append(row)
        return sorted((Group(self._typical_first(rows)) for rows in members.values()), key=lambda each: -len(each.rows))

    def _labels(self, count: int) -> NDArray[np.int64]:
        """The group of each of the sample."""
        from scipy.cluster.hierarchy import fcluster

        if self._tree is None:
            return np.ones(len(self._sample), dtype=np.int64)
        return np.asarray(fcluster(self._tree, max(1, count), "maxclust"), dtype=np.int64)

    def _typical_first(self, rows: list[int]) -> tuple[int, ...]:
        vectors = self._vectors[rows]
        distances = ((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1)
        return tuple(rows[place] for place in np.argsort(distances, kind="stable"))


def _principal_axes(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """[D, AXES] that span nearly what those of the largest variance of `vectors` [N, D] do.

    Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4 with one power iteration.
    """
    centred = vectors - vectors.mean(axis=0)
    start = np.random.default_rng(0).standard_normal((AXES, len(vectors)), dtype=np.float32)
    axes, _ = np.linalg.qr(centred.T @ (centred @ (start @ centred).T))
    return axes


def _spread_blocks(features: Rows) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(features), BLOCK):
        yield spread(features[np.arange(start, min(start + BLOCK, len(features)))])


def spread(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Square roots with their signs, of length 1: no single feature decides what is alike."""
    roots = np.sign(features) * np.sqrt(np.abs(features))
    return np.asarray(l2_normalised(roots), dtype=np.float32)


def folded(digests: Sequence[str], thumbnails: NDArray[np.uint8], features: Rows) -> list[list[int]]:
    """Rows that show one picture, copies byte for byte or nearly; every row is in one of the lists. `thumbnails`
    [N, 32, 32] are needed for at most FOLDED_MOST pictures.
    """
    first: dict[str, int] = {}
    pairs = [(first.setdefault(sha256, row), row) for row, sha256 in enumerate(digests)]
    if len(digests) <= FOLDED_MOST:
        pairs += near_duplicates(thumbnails, features[np.arange(len(digests))])
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(joined(pairs, len(digests)).tolist()):
        rows_of[number].append(row)
    return list(rows_of.values())
