"""Who is held out when. A group is always on one side, and stays there when pictures are added."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.folds import FOLDS, fold_of_each, single_groups
from pigeonhole.errors import DataError
from pigeonhole.text import printable
from pigeonhole.workspace import VALID

TOGETHER = "duplicates, near-duplicates and burst shots kept in the same fold"


@dataclass(frozen=True, slots=True)
class Fold:
    """Indices of the examples that are trained on, and of those that are held out."""

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """`folds` to evaluate on; `learn` holds the rows that the final model is trained on; `description` is for the user;
    `groups` [N] is the group of every example, None where each is one of its own.
    """

    folds: tuple[Fold, ...]
    learn: NDArray[np.int64]
    description: str
    groups: NDArray[np.int64] | None = None

    def of_rows(self, rows: NDArray[np.int64]) -> "Split":
        """The same for the examples `rows` alone, in rising order, which are numbered anew."""

        def renumbered(part: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.searchsorted(rows, part[np.isin(part, rows)])

        folds = tuple(Fold(renumbered(fold.train), renumbered(fold.held_out)) for fold in self.folds)
        return Split(folds, renumbered(self.learn), self.description)

    def one(self, targets: NDArray[np.int64]) -> "Split":
        """One fold alone, for a recipe that is too slow for several: the one most like a FOLDS-th of each category."""
        ideal = np.bincount(targets) / FOLDS

        def unlike(held_out: NDArray[np.int64]) -> float:
            return float(np.abs(np.bincount(targets[held_out], minlength=len(ideal)) - ideal).sum())

        if len(self.folds) == 1:
            return self
        parts = [fold.held_out for fold in self.folds]
        if len(parts) > FOLDS:
            parts = [np.union1d(*pair) for pair in pairwise(parts)]
        held_out = min(parts, key=unlike)
        learn = np.setdiff1d(self.learn, held_out)
        return Split((Fold(learn, held_out),), learn, f"{len(held_out)} pictures held out, {TOGETHER}", self.groups)


def make_split(dataset: Dataset, groups: NDArray[np.int64], seed: int) -> Split:
    """The pictures of valid/ where there are any, else cross-validation.

    `groups` [N] numbers each example's group. Folds have about equally many groups of each category, and where those
    are few, exactly as many as can be. A group stays in its fold when pictures are added, unless that fold is full, the
    number of folds changes or a picture with a smaller digest joins the group: where a tenth is added to categories of
    forty, about one in twenty moves; in larger ones, fewer. Every category is trained on in every fold. Raises
    DataError where valid/ leaves nothing of a category to learn from.
    """
    validation = np.array([example.part == VALID for example in dataset.examples])
    if validation.any():
        return _by_valid(dataset, groups, validation)
    targets = np.array(dataset.targets)
    fold_of = fold_of_each([example.sha256 for example in dataset.examples], targets, groups, seed)
    description = f"{int(fold_of.max()) + 1}-fold cross-validation with {TOGETHER}"
    if single := single_groups(targets, groups):
        names = ", ".join(printable(dataset.categories[target]) for target in single)
        description += (
            f"; all pictures of {names} belong together, so parts of that series were held out, which flatters"
        )
    return split_by(fold_of, description, groups)


def split_by(fold_of: NDArray[np.int64], description: str, groups: NDArray[np.int64] | None) -> Split:
    """Cross-validation with the folds `fold_of` [N], numbered from 0."""
    numbers = range(int(fold_of.max()) + 1)
    folds = tuple(Fold(np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)) for number in numbers)
    return Split(folds, np.arange(len(fold_of)), description, groups)


def _by_valid(dataset: Dataset, groups: NDArray[np.int64], validation: NDArray[np.bool_]) -> Split:
    shared = np.isin(groups, groups[validation]) & ~validation
    learn, held_out = np.flatnonzero(~validation & ~shared), np.flatnonzero(validation)
    targets = np.array(dataset.targets)
    if lost := set(targets[~validation]) - set(targets[learn]):
        category = dataset.categories[min(lost)]
        raise DataError(
            f"Every picture of {printable(category)} in data/ is a duplicate or near-duplicate of one in {VALID}/.",
            "Put other pictures into one of the two.",
        )
    but = f", without {shared.sum()} of data/ that are much like them" if shared.any() else ""
    return Split((Fold(learn, held_out),), learn, f"the pictures of {VALID}/{but}", groups)
