"""Who is held out when. A group is always on one side, and stays there when pictures are added."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.errors import DataError
from pigeonhole.files import digest
from pigeonhole.text import printable
from pigeonhole.workspace import VALID

FOLDS = 5
TOGETHER = "copies, near copies and bursts kept together"


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

    def one(self, targets: NDArray[np.int64]) -> "Split":
        """One fold alone, for a recipe that is too slow for several: the one most like a FOLDS-th of each category."""
        ideal = np.bincount(targets) / FOLDS

        def unlike(fold: Fold) -> float:
            return float(np.abs(np.bincount(targets[fold.held_out], minlength=len(ideal)) - ideal).sum())

        fold = min(self.folds, key=unlike)
        if len(self.folds) == 1:
            return self
        return Split((fold,), fold.train, f"{len(fold.held_out)} pictures held out, {TOGETHER}")


def make_split(dataset: Dataset, groups: NDArray[np.int64], seed: int) -> Split:
    """The pictures of valid/ where there are any, else cross-validation in up to FOLDS folds.

    `groups` [N] numbers each example's group. A group's fold follows from the digests of its pictures alone, so that it
    is the same after others were added (unless one with a smaller digest joined the group). Every category is learnt
    from in every fold. Raises DataError where valid/ leaves nothing of a category to learn from.
    """
    judges = np.array([example.part == VALID for example in dataset.examples])
    if judges.any():
        return _by_valid(dataset, groups, judges)
    targets = np.array(dataset.targets)
    single = [target for target in range(int(targets.max()) + 1) if len(set(groups[targets == target])) == 1]
    fold_of = _folds(dataset, _units(groups, np.isin(targets, single)), targets, seed)
    for target in single:
        for number, part in enumerate(_stretches(dataset, np.flatnonzero(targets == target).tolist())):
            fold_of[part] = number
    used = np.unique(fold_of)
    folds = tuple(Fold(np.flatnonzero(fold_of != number), np.flatnonzero(fold_of == number)) for number in used)
    description = f"{len(used)}-fold cross-validation with {TOGETHER}"
    if single:
        names = ", ".join(printable(dataset.categories[target]) for target in single)
        description += (
            f"; all pictures of {names} belong together, so parts of that series were held out, which flatters"
        )
    return Split(folds, np.arange(len(dataset.examples)), description)


def _by_valid(dataset: Dataset, groups: NDArray[np.int64], judges: NDArray[np.bool_]) -> Split:
    shared = np.isin(groups, groups[judges]) & ~judges
    learn, held_out = np.flatnonzero(~judges & ~shared), np.flatnonzero(judges)
    targets = np.array(dataset.targets)
    if lost := set(targets[~judges]) - set(targets[learn]):
        category = dataset.categories[min(lost)]
        raise DataError(
            f"Every picture of {printable(category)} in data/ is a copy or near copy of one in {VALID}/.",
            "Put other pictures into one of the two.",
        )
    but = f", without {shared.sum()} of data/ that are much like them" if shared.any() else ""
    return Split((Fold(learn, held_out),), learn, f"the pictures of {VALID}/{but}")


def _units(groups: NDArray[np.int64], parted: NDArray[np.bool_]) -> list[list[int]]:
    """What is held out as a whole: the rows of each group, but for those that are `parted` [N]."""
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups.tolist()):
        if not parted[row]:
            rows_of[group].append(row)
    return list(rows_of.values())


def _stretches(dataset: Dataset, rows: list[int]) -> list[list[int]]:
    """Up to FOLDS stretches of `rows`, which are in the order of their names; copies stay together."""
    copies: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        copies[dataset.examples[row].sha256].append(row)
    pictures = list(copies.values())
    count = min(FOLDS, len(pictures))
    bounds = [len(pictures) * number // count for number in range(count + 1)]
    return [list(chain.from_iterable(pictures[start:end])) for start, end in pairwise(bounds)]


def _folds(dataset: Dataset, units: list[list[int]], targets: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The fold of each example [N]."""
    key_of = {unit[0]: min(dataset.examples[row].sha256 for row in unit) for unit in units}
    fold_of = np.zeros(len(dataset.examples), dtype=np.int64)
    ordered = sorted(units, key=lambda unit: key_of[unit[0]])
    for unit in ordered:
        fold_of[unit] = int(digest(f"{seed} {key_of[unit[0]]}".encode())[:8], 16) % FOLDS
    for target in range(int(targets.max()) + 1):
        own = fold_of[targets == target]
        moved = next((unit for unit in ordered if targets[unit[0]] == target), None)
        if moved and len(set(own)) == 1:  # it would be missing from what that fold learns from
            fold_of[moved] = (own[0] + 1) % FOLDS
    return fold_of
