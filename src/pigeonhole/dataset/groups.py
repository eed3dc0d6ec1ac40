"""Which pictures belong together: copies, near-duplicates, frames of one film, and what the user says belongs together.

A picture whose companion was trained on is no test of anything, so a group is always on one side of a split.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.near_duplicates import have_structure, near_duplicates, perceptual_hashes
from pigeonhole.dataset.origins import film_of, sources
from pigeonhole.errors import DataError, UnreadableError
from pigeonhole.files.read import read_list
from pigeonhole.files.source import exists
from pigeonhole.output import Output
from pigeonhole.text import printable
from pigeonhole.workspace import DATA, Workspace

# Two pictures with consecutive numbers in their names are of one burst if they are also alike: more than nearly all
# pictures of different categories are, which in a set of X-rays or letters says more than any fixed bound. Names alone
# would make one film of everything that was saved as "image 1.jpg", "image 2.jpg", …
BURST_COSINE = 0.6  # at least, around the mean of all pictures
BURST_BITS = 22  # of 64 may differ in their hashes; two unrelated pictures have about 32
STRICT_BURST_BITS = 16  # where there are no features
BACKGROUND = 20_000  # pairs of different categories, of which no more than RARE are as alike as a burst has to be
RARE = 0.001
BLOCK = 1024  # pairs at once

Pairs = Iterable[tuple[int, int]]


def find_groups(
    dataset: Dataset,
    thumbnails: NDArray[np.uint8],
    features: NDArray[np.floating] | None,
    workspace: Workspace,
    output: Output | None = None,
) -> NDArray[np.int64]:
    """For each example the number of its group, [N]. `thumbnails` [N, 32, 32]; `features` [N, D], the frozen ones.

    Raises DataError where TF_FILES/groups.csv cannot be understood.
    """
    pairs = [
        *_same(example.sha256 for example in dataset.examples),
        *_same(sources(dataset.examples)),
        *_same(film_of(example.found.path) for example in dataset.examples),
        *near_duplicates(thumbnails, features, output),
        *_bursts(dataset, thumbnails, features),
        *_same(_sub_folder(dataset, row) for row in range(len(dataset.examples))),
        *_same(_named_groups(dataset, workspace.groups)),
    ]
    return joined(pairs, len(dataset.examples))


def joined(pairs: Pairs, count: int) -> NDArray[np.int64]:
    """The connected components of `count` things, as a number for each, [count]."""
    leader = list(range(count))

    def led_by(one: int) -> int:
        while leader[one] != one:
            leader[one] = one = leader[leader[one]]
        return one

    for one, other in pairs:
        leader[led_by(other)] = led_by(one)
    groups: NDArray[np.int64] = np.unique([led_by(one) for one in range(count)], return_inverse=True)[1]
    return groups


def _same(keys: Iterable[str | None]) -> Iterator[tuple[int, int]]:
    """Pairs of things with the same key; None is nobody's."""
    first: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key is not None:
            known = first.setdefault(key, row)
            if known != row:
                yield known, row


def _sub_folder(dataset: Dataset, row: int) -> str | None:
    """The folder below the category's, such as a film's or a person's."""
    example = dataset.examples[row]
    parts = example.found.relative.parts
    return f"{example.part}/{example.category}/{parts[0]}" if len(parts) > 1 else None


def _bursts(
    dataset: Dataset, thumbnails: NDArray[np.uint8], features: NDArray[np.floating] | None
) -> Iterator[tuple[int, int]]:
    pairs = np.array(list(_consecutive(dataset)), dtype=np.int64).reshape(-1, 2)
    pairs = pairs[have_structure(thumbnails)[pairs].all(axis=1)]
    if not len(pairs):
        return
    vectors = thumbnails.reshape(len(thumbnails), -1) if features is None else features
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    background = _of_different_categories(dataset)
    bound = BURST_COSINE
    if len(background):
        bound = max(bound, float(np.quantile(_cosines(vectors, mean, background), 1 - RARE)))
    one, other = (perceptual_hashes(thumbnails[side]) for side in pairs.T)
    bits = np.bitwise_count(one ^ other)
    alike = bits <= (STRICT_BURST_BITS if features is None else BURST_BITS)
    alike &= _cosines(vectors, mean, pairs) >= bound
    yield from map(tuple, pairs[alike].tolist())


def _consecutive(dataset: Dataset) -> Iterator[tuple[int, int]]:
    """Pairs of pictures of a category that follow each other in a numbered series of names."""
    series: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for row, example in enumerate(dataset.examples):
        if numbered := re.fullmatch(r"(.*?)(\d+)(\D*)", example.found.path.stem):
            name = f"{example.found.path.parent}/{numbered[1]}#{numbered[3]}"
            series[example.category, name].append((int(numbered[2]), row))
    for frames in series.values():
        yield from pairwise(row for _, row in sorted(frames))


def _of_different_categories(dataset: Dataset) -> NDArray[np.int64]:
    """Pairs [P, 2] of pictures, always the same ones of the same dataset."""
    targets = np.array(dataset.targets)
    pairs: NDArray[np.int64] = np.random.default_rng(0).integers(0, len(targets), (BACKGROUND, 2))
    different: NDArray[np.int64] = pairs[targets[pairs[:, 0]] != targets[pairs[:, 1]]]
    return different


def _cosines(vectors: NDArray[np.number], mean: NDArray[np.float32], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of each of `pairs` [P, 2] of `vectors` [N, D], around `mean` [D]."""
    found = []
    for start in range(0, len(pairs), BLOCK):
        one, other = (vectors[side].astype(np.float32) - mean for side in pairs[start : start + BLOCK].T)
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        found.append(np.vecdot(one, other) / np.maximum(lengths, 1e-12))
    return np.concatenate(found)


def _named_groups(dataset: Dataset, path: Path) -> list[str | None]:
    """What the user says in groups.csv: two columns, path (below data/) and group."""
    if not exists(path):
        return [None] * len(dataset.examples)
    try:
        rows = list(csv.DictReader(StringIO(read_list(path), newline="")))
    except (OSError, UnreadableError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{printable(path)} cannot be read: {reason}.", "Mend it, or take it away.") from None
    if rows and not {"path", "group"} <= set(rows[0]):
        raise DataError(
            f"{printable(path)} has no columns called path and group.", "Its first line must be: path,group"
        )
    group_of = {str(PurePosixPath(row["path"] or "")): row["group"] or None for row in rows}
    missing = [name for name in group_of if not (path.parent / DATA / name).exists()]
    if missing:
        raise DataError(
            f"{printable(path)} names pictures that are not in {DATA}/: "
            f"{len(missing)}, the first is {printable(missing[0])}.",
            "Write paths as category/picture.jpg.",
        )
    return [
        group_of.get(f"{example.category}/{example.found.relative.as_posix()}") if example.part == DATA else None
        for example in dataset.examples
    ]
