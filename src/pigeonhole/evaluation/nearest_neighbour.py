"""The simplest way to use features: the category of the most similar picture. A better one has to beat it."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.output import Stage, nothing
from pigeonhole.vectors import l2_normalised

MOST = 2048  # pictures that are compared with, shared among the categories
LEAST_EACH = 8
BLOCK = 8192  # pictures at once


def nearest_categories(
    dataset: Dataset,
    features: NDArray[np.floating],
    split: Split,
    held_out: OutOfFold,
    advance: Stage = nothing,
) -> NDArray[np.int64]:
    """For each held-out picture [H] the category of its nearest neighbour by cosine, among those its fold learnt.

    `advance` is called for every fold.
    """
    targets = np.array(dataset.targets)
    nearest = np.empty(len(held_out.rows), dtype=np.int64)
    for number, fold in enumerate(split.folds):
        known = _some(dataset, targets, fold.train)
        units = l2_normalised(features[known])
        inside = np.flatnonzero(held_out.folds == number)
        for start in range(0, len(inside), BLOCK):
            part = inside[start : start + BLOCK]
            cosines = l2_normalised(features[held_out.rows[part]]) @ units.T
            nearest[part] = targets[known[cosines.argmax(axis=1)]]
        advance()
    return nearest


def _some(dataset: Dataset, targets: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most MOST of `rows`, as many of each category, chosen by digest: the same ones next time."""
    each = max(LEAST_EACH, MOST // len(dataset.categories))
    of_category: dict[int, list[int]] = defaultdict(list)
    for row in sorted(rows.tolist(), key=lambda row: dataset.examples[row].sha256):
        if len(of_category[targets[row]]) < each:
            of_category[targets[row]].append(row)
    return np.array([row for target in sorted(of_category) for row in of_category[target]])
