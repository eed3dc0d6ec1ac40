"""Who is held out when: a picture and its exact copies are always on the same side."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.train.dataset import Dataset, different_pictures

MOST_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fold:
    """Indices of the examples that are learnt from, and of those that are not."""

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]


def make_folds(dataset: Dataset, seed: int) -> list[Fold]:
    """Up to MOST_FOLDS folds with the categories in proportion; fewer where a category has fewer different pictures.

    scikit-learn's StratifiedGroupKFold may put both pictures of a category of two into one fold; here every category
    stands on both sides of every split that it can.
    """
    members = defaultdict(list)
    for index, example in enumerate(dataset.examples):
        members[example.sha256].append(index)
    count = min(MOST_FOLDS, *different_pictures(dataset.examples).values())
    fold_of = np.empty(len(dataset.examples), dtype=np.int64)
    filled = [Counter[str]() for _ in range(count)]
    order = sorted(members)
    random.Random(seed).shuffle(order)  # noqa: S311 - a split, not a secret
    for digest in order:
        category = dataset.examples[members[digest][0]].category
        fold = min(range(count), key=lambda number: (filled[number][category], filled[number].total()))
        for index in members[digest]:
            fold_of[index] = fold
            filled[fold][dataset.examples[index].category] += 1
    return [Fold(np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)) for number in range(count)]
