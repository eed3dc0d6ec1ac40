"""Who is held out when. A group is always on one side, and stays there when pictures are added."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain, pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.errors import DataError
from pigeonhole.files import digest
from pigeonhole.text import printable
from pigeonhole.workspace import VALID

FOLDS = 5
FEW = 40  # groups of an ordinary category: up to that many, what a fold holds out is missed
MORE_FOLDS = 10
MOST_IN_MORE_FOLDS = 2000  # pictures
SLACK = 1.25  # times its part of a category, which a fold may hold out, so that new pictures move few others
TOGETHER = "duplicates, near-duplicates and burst shots kept in the same fold"


@dataclass(frozen=True, slots=True)
class Fold:
    """Indices of the examples that are learnt from, and of those that are not."""

    train: NDArray[np.int64]
    held_out: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """`folds` to judge by; `learn` holds the rows that the final model learns from; `description` is for the user;
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
    forty, about one in twenty moves; in larger ones, fewer. Every category is learnt from in every fold. Raises
    DataError where valid/ leaves nothing of a category to learn from.
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
    return Split(folds, np.arange(len(dataset.examples)), description, groups)


def _by_valid(dataset: Dataset, groups: NDArray[np.int64], judges: NDArray[np.bool_]) -> Split:
    shared = np.isin(groups, groups[judges]) & ~judges
    learn, held_out = np.flatnonzero(~judges & ~shared), np.flatnonzero(judges)
    targets = np.array(dataset.targets)
    if lost := set(targets[~judges]) - set(targets[learn]):
        category = dataset.categories[min(lost)]
        raise DataError(
            f"Every picture of {printable(category)} in data/ is a duplicate or near-duplicate of one in {VALID}/.",
            "Put other pictures into one of the two.",
        )
    but = f", without {shared.sum()} of data/ that are much like them" if shared.any() else ""
    return Split((Fold(learn, held_out),), learn, f"the pictures of {VALID}/{but}", groups)


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
    """The fold of each example [N]: that which its unit likes best, of those with room for another of its category.

    Consistent hashing with bounded loads (Mirrokni et al. 2018, arXiv 1608.01350): what a unit likes follows from its
    smallest digest alone, so that a new picture moves few others.
    """
    key_of = {unit[0]: min(dataset.examples[row].sha256 for row in unit) for unit in units}
    category_of = {unit[0]: int(np.bincount(targets[unit]).argmax()) for unit in units}
    sizes = Counter(category_of.values())
    count = _fold_count(sizes, len(targets))
    room = {(category, fold): _room(size, count) for category, size in sizes.items() for fold in range(count)}
    fold_of = np.zeros(len(dataset.examples), dtype=np.int64)
    ordered = sorted(units, key=lambda unit: key_of[unit[0]])
    for unit in ordered:
        category = category_of[unit[0]]
        liked = sorted(range(count), key=lambda fold: digest(f"{seed} {fold} {key_of[unit[0]]}".encode()))
        chosen = next(fold for fold in liked if room[category, fold])
        room[category, chosen] -= 1
        fold_of[unit] = chosen
    for target in range(int(targets.max()) + 1):
        own = fold_of[targets == target]
        moved = next((unit for unit in ordered if targets[unit[0]] == target), None)
        if moved and len(set(own)) == 1:  # it would be missing from what that fold learns from
            fold_of[moved] = (own[0] + 1) % count
    return fold_of


def _fold_count(sizes: Counter[int], pictures: int) -> int:
    """FOLDS, but MORE_FOLDS where an ordinary category has few groups, or as many as it has.

    Then each fold holds out one of every category, and what it learns from is balanced as all of them are.
    """
    ordinary = round(median(sizes.values())) if sizes else FOLDS
    few = ordinary <= FEW and pictures <= MOST_IN_MORE_FOLDS
    return max(2, min(MORE_FOLDS, ordinary)) if few else FOLDS


def _room(size: int, count: int) -> int:
    """How many groups of a category of `size` one of `count` folds takes: exactly its part of a few, SLACK for more."""
    return math.ceil(size / count * (1 if size <= count else SLACK))
