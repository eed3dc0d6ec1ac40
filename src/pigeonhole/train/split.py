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


@dataclass(frozen=True, slots=True)
class Split:
    """`folds` to judge by; `learn` holds the rows that the final model learns from; `description` is for the user."""

    folds: tuple[Fold, ...]
    learn: NDArray[np.int64]
    description: str

    def first(self) -> "Split":
        """Its first fold alone, for a recipe that is too slow for several: the rest is learnt from."""
        fold = self.folds[0]
        return Split((fold,), fold.train, f"{len(fold.held_out)} pictures held out with their copies")


def make_split(dataset: Dataset, seed: int) -> Split:
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
    folds = [Fold(np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)) for number in range(count)]
    description = f"{count}-fold cross-validation with copies kept together"
    return Split(tuple(folds), np.arange(len(dataset.examples)), description)
