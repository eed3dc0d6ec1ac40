"""Which pictures look the same to the eye, though their bytes differ.

Perceptual hashes and features only propose pairs. Whether the two are one picture is decided by laying their thumbnails
over each other: in a set whose pictures are all alike, such as X-rays or letters, hashes and features say it of far too
many.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.dataset.close_pairs import close_hashes, close_vectors
from pigeonhole.dataset.registration import correlation, registered_correlation
from pigeonhole.output import Output, Silent

BLOCK = 4096  # thumbnails at once
PAIRS = 512  # pairs at once
EDGE = 32  # pixels of a thumbnail
LOW = 8  # frequencies along each axis that the hash looks at
# The lowest frequencies of a line of pixels by the discrete cosine transform (II; Ahmed et al. 1974): [LOW, EDGE].
WAVES = np.cos(np.pi / EDGE * np.arange(LOW)[:, None] * (np.arange(EDGE) + 0.5)).astype(np.float32)
FLAT = 2.0  # of 255 levels, the deviation of what has a structure
# Measured on eight sets, of photographs, x-rays, hands, road signs and letters (docs/decisions/0130): the same picture
# at another size or compression differs in at most 6 bits and correlates with 0.93 and more; with a border cut off, or
# stretched, it correlates with 0.985 and more. Of 300,000 pairs of pictures of different categories 2 do.
SAME_BITS = 6
SAME_CORRELATION = 0.93
REGISTERED_CORRELATION = 0.985
REGISTERED_BITS = 22  # a border of 5 % cut off changes up to 20 of 64 bits, two unrelated pictures differ in about 32
WORTH_REGISTERING = 0.2  # correlation as they lie
PROPOSED = 3  # pairs for each picture, by features
GROUP_CORRELATION = 0.95  # of each member with the leader of its group


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [S, S, 3], RGB → uint8 [32, 32], grey: what is remembered of a picture to know it again."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((EDGE, EDGE), Image.Resampling.LANCZOS))


def perceptual_hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """uint8 [N, 32, 32] → [N], 64 bits each: whether each low frequency is above their median.

    pHash of Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions".
    """
    parts = [np.empty((0, LOW * LOW), dtype=bool)]
    for start in range(0, len(thumbnails), BLOCK):
        part = thumbnails[start : start + BLOCK].astype(np.float32)
        low = (WAVES @ part @ WAVES.T).reshape(len(part), -1)
        parts.append(low > np.median(low, axis=1, keepdims=True))
    return np.packbits(np.concatenate(parts), axis=1).view(">u8").astype(np.uint64).ravel()


def have_structure(thumbnails: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether there is anything to see, [N]."""
    parts = [thumbnails[start : start + BLOCK].std(axis=(1, 2)) for start in range(0, len(thumbnails), BLOCK)]
    return np.concatenate([np.empty(0), *parts]) >= FLAT


def near_duplicates(
    thumbnails: NDArray[np.uint8], features: NDArray[np.floating] | None = None, output: Output | None = None
) -> list[tuple[int, int]]:
    """Pairs that join every picture with the leader of its group of near-duplicates, itself among the pictures.

    `thumbnails` [N, 32, 32]; `features` [N, D], the frozen network's, propose pairs beside the hashes; without
    them, the thumbnails do. Every member of a group is like its leader, so there are no chains. Pictures without any
    structure, such as those of a single colour, are like none.
    """
    output = output or Silent()
    structured = np.flatnonzero(have_structure(thumbnails))
    if len(structured) < 2:
        return []
    small = thumbnails[structured]
    vectors: NDArray[np.number] = small.reshape(len(small), -1)
    if features is not None:
        vectors = features if len(structured) == len(features) else features[structured]
    pairs = _verified(small, _proposed(small, vectors, output), output)
    return [(int(structured[one]), int(structured[other])) for one, other in _stars(small, pairs)]


def _proposed(thumbnails: NDArray[np.uint8], vectors: NDArray[np.number], output: Output) -> NDArray[np.int64]:
    """Pairs [P, 2] to look at."""
    hashes = perceptual_hashes(thumbnails)
    by_vectors = close_vectors(vectors, PROPOSED, output)
    bits = np.bitwise_count(hashes[by_vectors[:, 0]] ^ hashes[by_vectors[:, 1]])
    by_vectors = by_vectors[bits <= REGISTERED_BITS]
    return np.unique(np.concatenate([close_hashes(hashes, SAME_BITS), by_vectors]), axis=0)


def _verified(thumbnails: NDArray[np.uint8], pairs: NDArray[np.int64], output: Output) -> NDArray[np.int64]:
    """Those of `pairs` [P, 2] that are one picture."""
    likeness = [np.empty(0, dtype=np.float32)]
    starts = range(0, len(pairs), PAIRS)
    with output.stage("Looking for near-duplicates", len(starts)) as advance:
        for start in starts:
            likeness.append(_likeness(thumbnails, pairs[start : start + PAIRS]))
            advance()
    return pairs[np.concatenate(likeness) >= REGISTERED_CORRELATION]


def _likeness(thumbnails: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """How alike each of `pairs` [P, 2] is, laid over each other: up to 1, which a pair with the same hash gets, too."""
    one, other = thumbnails[pairs[:, 0]], thumbnails[pairs[:, 1]]
    as_they_lie = correlation(one, other)
    bits = np.bitwise_count(perceptual_hashes(one) ^ perceptual_hashes(other))
    same = (bits <= SAME_BITS) & (as_they_lie >= SAME_CORRELATION)
    likeness = np.where(same, np.float32(1), as_they_lie)
    unsure = np.flatnonzero(~same & (as_they_lie >= WORTH_REGISTERING))
    likeness[unsure] = np.maximum(likeness[unsure], registered_correlation(one[unsure], other[unsure]))
    return likeness


def _stars(thumbnails: NDArray[np.uint8], pairs: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(leader, member) for every member of a group, from verified `pairs` [P, 2].

    The picture with the most partners leads; what is linked to it, over others too, but is not like it, is left to the
    next leader.
    """
    partners: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs.tolist():
        partners[one].add(other)
        partners[other].add(one)
    stars: list[tuple[int, int]] = []
    left = set(partners)
    for leader in sorted(partners, key=lambda row: (-len(partners[row]), row)):
        if leader not in left:
            continue
        left.discard(leader)
        reached = sorted(_reached(leader, partners) & left)
        if reached:
            against = np.array([(leader, row) for row in reached])
            alike = _likeness(thumbnails, against) >= GROUP_CORRELATION
            members = [row for row, is_alike in zip(reached, alike.tolist(), strict=True) if is_alike]
            stars += [(leader, member) for member in members]
            left.difference_update(members)
    return stars


def _reached(start: int, partners: dict[int, set[int]]) -> set[int]:
    """Everything that is linked to `start` by one or two pairs."""
    near = partners[start]
    return near.union(*(partners[row] for row in near)) - {start}
