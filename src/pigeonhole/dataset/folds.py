"""Which fold holds out which picture: whole groups, stratified by category, the same again for the same pictures."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain, pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pigeonhole.files import digest

FOLDS = 5
FEW = 40  # groups of an ordinary category: up to that many, what a fold holds out is missed
MORE_FOLDS = 10
MOST_IN_MORE_FOLDS = 2000  # pictures
SLACK = 1.25  # times its part of a category, which a fold may hold out, so that new pictures move few others


def single_groups(targets: NDArray[np.int64], groups: NDArray[np.int64]) -> list[int]:
    """The categories (numbers of `targets` [N]) all of whose pictures are of one of the `groups` [N]."""
    return [target for target in range(int(targets.max()) + 1) if len(set(groups[targets == target])) == 1]


def fold_of_each(
    keys: Sequence[str], targets: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """The number of the fold that holds out each of N pictures, [N]; folds that hold out nothing are left out.

    `keys` [N] are digests, the same for copies; `targets` [N] are 0 … C-1. A group goes to a fold as a whole, but a
    category that is a single group is parted in stretches of its rows.
    """
    single = single_groups(targets, groups)
    fold_of = _folds(keys, _units(groups, np.isin(targets, single)), targets, seed)
    for target in single:
        for number, part in enumerate(_stretches(keys, np.flatnonzero(targets == target).tolist())):
            fold_of[part] = number
    return np.unique(fold_of, return_inverse=True)[1].astype(np.int64)


def _units(groups: NDArray[np.int64], parted: NDArray[np.bool_]) -> list[list[int]]:
    """What is held out as a whole: the rows of each group, but for those that are `parted` [N]."""
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups.tolist()):
        if not parted[row]:
            rows_of[group].append(row)
    return list(rows_of.values())


def _stretches(keys: Sequence[str], rows: list[int]) -> list[list[int]]:
    """Up to FOLDS stretches of `rows`, which are in the order of their names; copies stay together."""
    copies: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        copies[keys[row]].append(row)
    pictures = list(copies.values())
    count = min(FOLDS, len(pictures))
    bounds = [len(pictures) * number // count for number in range(count + 1)]
    return [list(chain.from_iterable(pictures[start:end])) for start, end in pairwise(bounds)]


def _folds(keys: Sequence[str], units: list[list[int]], targets: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The fold of each picture [N]: that which its unit likes best, of those with room for another of its category.

    Consistent hashing with bounded loads (Mirrokni et al. 2018, arXiv 1608.01350): what a unit likes follows from its
    smallest digest alone, so that a new picture moves few others.
    """
    key_of = {unit[0]: min(keys[row] for row in unit) for unit in units}
    category_of = {unit[0]: int(np.bincount(targets[unit]).argmax()) for unit in units}
    sizes = Counter(category_of.values())
    count = _fold_count(sizes, len(targets))
    room = {(category, fold): _room(size, count) for category, size in sizes.items() for fold in range(count)}
    fold_of = np.zeros(len(keys), dtype=np.int64)
    ordered = sorted(units, key=lambda unit: key_of[unit[0]])
    for unit in ordered:
        category = category_of[unit[0]]
        liked = sorted(range(count), key=lambda fold: digest(f"{seed} {fold} {key_of[unit[0]]}".encode()))
        chosen = next(fold for fold in liked if room[category, fold])
        room[category, chosen] -= 1
        fold_of[unit] = chosen
    first_of: dict[int, list[int]] = {}
    for unit in ordered:
        first_of.setdefault(int(targets[unit[0]]), unit)
    for target, unit in first_of.items():
        own = fold_of[targets == target]
        if (own == own[0]).all():  # it would be missing from what that fold learns from
            fold_of[unit] = (own[0] + 1) % count
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
