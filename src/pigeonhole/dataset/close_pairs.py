"""Pairs that may be alike, out of very many things, without comparing each with every other."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pigeonhole.output import Output, Silent
from pigeonhole.vectors import l2_normalised

HASH_BITS = 64
BLOCK = 512  # rows of a bucket at once
DIRECTIONS = 256  # random ones, in which vectors are compared: cosines are right to 0.06
LISTS = 3  # in how many lists each vector is
LONGEST = 2048  # vectors of a list that are compared with each other
FEW = 2048  # vectors, up to which all are compared


def close_hashes(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """Pairs [P, 2] that join all 64-bit `hashes` [N] that differ in at most `bits`.

    Equal ones are joined to the first and to the next of them, and the first ones of different hashes to each other: a
    flood of equal hashes costs two pairs each. Of `bits` + 1 parts of a hash, one at least is the same in such a pair:
    only those with an equal part are compared.
    """
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(hashes) else np.empty(0, np.int64)
    first = order[np.repeat(starts, np.diff(np.append(starts, len(order))))]
    equal = ordered[1:] == ordered[:-1]
    pairs = [np.stack([first, order], axis=1), np.stack([order[:-1][equal], order[1:][equal]], axis=1)]
    distinct = np.sort(order[starts])
    shuffled = np.random.default_rng(0).permutation(HASH_BITS)  # neighbouring bits of a perceptual hash say the same
    for part in np.array_split(shuffled, bits + 1):
        pairs += [distinct[pair] for pair in _in_buckets(hashes[distinct], part, bits)]
    return _distinct(np.concatenate(pairs))


def _in_buckets(hashes: NDArray[np.uint64], part: NDArray[np.int64], bits: int) -> Iterator[NDArray[np.int64]]:
    """Pairs [P, 2] of `hashes` that are the same in the bits `part` and differ in at most `bits`."""
    mask = np.bitwise_or.reduce(np.uint64(1) << part.astype(np.uint64))
    keys = hashes & mask
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
    for bucket in np.split(order, starts):
        for start in range(0, len(bucket) if len(bucket) > 1 else 0, BLOCK):
            rows, others = bucket[start : start + BLOCK], bucket[start:]
            near = np.bitwise_count(hashes[rows, None] ^ hashes[None, others]) <= bits
            left, right = np.nonzero(np.triu(near, 1))
            yield np.stack([rows[left], others[right]], axis=1)


def close_vectors(vectors: NDArray[np.number], count: int, output: Output | None = None) -> NDArray[np.int64]:
    """For each of `vectors` [N, D] about the `count` others most like it: pairs [P, 2].

    Alike means a large cosine after the mean of all was taken away: what all things have in common says nothing. Many
    are sorted into lists by the pivots they are nearest to, about √N lists and LISTS for each, and compared within them
    (an inverted file: Sivic and Zisserman 2003, "Video Google"): the work grows with N^1.5.
    """
    if len(vectors) < 2:
        return np.empty((0, 2), dtype=np.int64)
    shortened = _shortened(vectors)
    found = []
    number = len(vectors)
    with (output or Silent()).stage("Comparing pictures", -(-number // _step(number))) as advance:
        for rows in _lists(shortened):
            found.append(_nearest(shortened, rows, count))
            advance()
    left, right, cosines = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((-cosines, left))
    left, right = left[order], right[order]
    fresh = np.append(True, (left[1:] != left[:-1]) | (right[1:] != right[:-1]))  # the same one in two lists
    left, right = left[fresh], right[fresh]
    rank = np.arange(len(left)) - np.searchsorted(left, left)
    return _distinct(np.stack([left[rank < count], right[rank < count]], axis=1))


def _shortened(vectors: NDArray[np.number]) -> NDArray[np.float32]:
    """Around their mean, in at most DIRECTIONS, of length 1: float32 [N, K]."""
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    width = vectors.shape[1]
    directions = np.random.default_rng(0).normal(size=(width, DIRECTIONS)).astype(np.float32)
    parts = []
    for start in range(0, len(vectors), LONGEST):
        part = vectors[start : start + LONGEST].astype(np.float32) - mean
        parts.append(l2_normalised(part @ directions if width > DIRECTIONS else part))
    return np.concatenate(parts)


def _step(number: int) -> int:
    """From one pivot to the next."""
    return number if number <= FEW else round(number**0.5)


def _lists(vectors: NDArray[np.float32]) -> Iterator[NDArray[np.int64]]:
    number = len(vectors)
    if number <= FEW:
        yield np.arange(number)
        return
    pivots = vectors[:: _step(number)]
    starts = range(0, number, LONGEST)
    chosen = np.concatenate([_largest(vectors[start : start + LONGEST] @ pivots.T, LISTS) for start in starts])
    for pivot in range(len(pivots)):
        rows = np.flatnonzero((chosen == pivot).any(axis=1))
        rows = rows[np.argsort(-(vectors[rows] @ pivots[pivot]), kind="stable")]
        for start in range(0, len(rows), LONGEST):
            yield rows[start : start + LONGEST]


def _largest(likeness: NDArray[np.float32], count: int) -> NDArray[np.int32]:
    """The columns of the `count` largest numbers in each row."""
    return np.argpartition(-likeness, count, axis=1)[:, :count].astype(np.int32)


def _nearest(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Of each of `rows` the `count` nearest of the others: its row, theirs, and the cosine."""
    count = min(count, len(rows) - 1)
    if count < 1:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    own = vectors[rows]
    cosines = own @ own.T
    np.fill_diagonal(cosines, -2)
    best = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    left = np.repeat(np.arange(len(rows)), count)
    return rows[left], rows[best.ravel()], cosines[left, best.ravel()]


def _distinct(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each pair of two once, the smaller number first, in order."""
    distinct: NDArray[np.int64] = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return distinct
