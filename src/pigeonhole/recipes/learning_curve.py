"""Would more pictures help? What a probe says of held-out pictures after learning from a part of the others."""

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.findings import Growth
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.recipes.logistic_regression import fit_head
from pigeonhole.recipes.result import Learnt

PARTS = (0.125, 0.25, 0.5, 1.0)
LARGE = 5000  # pictures, from which on one fold tells enough


def growth(learnt: Learnt) -> tuple[Growth, ...]:
    """One point for each of PARTS, as long as some of every category are in it; nothing where there is no probe.

    Parts are chosen by digest, category by category, each within the next. The strength is that of the whole.
    """
    if learnt.strength is None:
        return ()
    targets = np.array(learnt.dataset.targets)
    folds = learnt.split.folds if len(targets) < LARGE else learnt.split.folds[:1]
    points = []
    for part in PARTS:
        right = total = learnt_from = 0
        for fold in folds:
            rows = _some(learnt, fold.train, targets, part)
            head = fit_head(learnt.looks[rows], targets[rows], learnt.strength)
            answers = head.logits(learnt.looks[fold.held_out]).argmax(axis=1)
            right += int((answers == targets[fold.held_out]).sum())
            total += len(fold.held_out)
            learnt_from += len(rows)
        points.append(Growth(round(learnt_from / len(folds)), Proportion(right, total)))
    distinct = {point.pictures: point for point in points}
    return tuple(distinct.values())


def _some(learnt: Learnt, rows: NDArray[np.int64], targets: NDArray[np.int64], part: float) -> NDArray[np.int64]:
    """At least one of each category."""
    chosen: list[int] = []
    for target in np.unique(targets[rows]):
        own = sorted(rows[targets[rows] == target].tolist(), key=lambda row: learnt.dataset.examples[row].sha256)
        chosen += own[: max(1, round(part * len(own)))]
    return np.array(sorted(chosen))
