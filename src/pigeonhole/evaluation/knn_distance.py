"""How far a picture is from those that were learnt from, and how far is too far.

The distance to the nearest neighbour on normalised, frozen features (Sun et al. 2022, "Out-of-distribution detection
with deep nearest neighbors", arXiv 2204.06507), among the pictures of the answered category.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.held_out import HeldOut
from pigeonhole.vectors import l2_normalised

MOST = 2048  # pictures that a model file remembers, shared among the categories
LEAST_EACH = 8


@dataclass(frozen=True, slots=True)
class Familiar:
    """What a model file remembers: `features` float32 [M, D] of length 1, and the category of each, `targets` [M]."""

    features: NDArray[np.float32]
    targets: NDArray[np.int64]

    def nearest(self, features: NDArray[np.floating]) -> NDArray[np.int64]:
        """The category of the nearest neighbour of each of the features [N, D]: [N]."""
        nearest: NDArray[np.int64] = self.targets[(l2_normalised(features) @ self.features.T).argmax(axis=1)]
        return nearest

    def distances(self, features: NDArray[np.floating], answers: NDArray[np.int64]) -> NDArray[np.float64]:
        """For features [N, D] that were taken for the categories `answers` [N]: 0 (the same) to 2, [N]."""
        likeness = l2_normalised(features) @ self.features.T
        likeness[answers[:, None] != self.targets] = -1.0
        nearest: NDArray[np.float64] = likeness.max(axis=1, initial=-1.0).astype(np.float64)
        return np.sqrt(np.maximum(0.0, 2 - 2 * nearest))


def familiar(dataset: Dataset, features: NDArray[np.floating], rows: NDArray[np.int64]) -> Familiar:
    """At most MOST of the examples `rows`, as many of each category, chosen by digest: the same ones next time."""
    targets = np.array(dataset.targets)
    each = max(LEAST_EACH, MOST // len(dataset.categories))
    of_category: dict[int, list[int]] = defaultdict(list)
    for row in sorted(rows.tolist(), key=lambda row: dataset.examples[row].sha256):
        if len(of_category[targets[row]]) < each:
            of_category[targets[row]].append(row)
    chosen = [row for target in sorted(of_category) for row in of_category[target]]
    return Familiar(l2_normalised(features[chosen]), targets[chosen])


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """For each held-out picture [H], in the order of a HeldOut, looked up among the pictures that its fold learnt from:
    the `distances` to the nearest of the category that it was taken for, and the category `nearest` of all.
    """

    distances: NDArray[np.float64]
    nearest: NDArray[np.int64]


def neighbourhood(dataset: Dataset, features: NDArray[np.floating], split: Split, held_out: HeldOut) -> Neighbourhood:
    """Each fold asks those that it learnt from."""
    answers = held_out.logits.argmax(axis=1)
    distances, nearest = np.empty(len(held_out.rows)), np.empty(len(held_out.rows), dtype=np.int64)
    for number, fold in enumerate(split.folds):
        inside = held_out.folds == number
        looks = features[held_out.rows[inside]]
        known = familiar(dataset, features, fold.train)
        distances[inside], nearest[inside] = known.distances(looks, answers[inside]), known.nearest(looks)
    return Neighbourhood(distances, nearest)
