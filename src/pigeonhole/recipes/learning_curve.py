"""Would more pictures help? What a probe says of held-out pictures after learning from a part of the others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.findings import Growth
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.heads.blended_head import Probe
from pigeonhole.output import Stage
from pigeonhole.recipes.result import TrainedRecipe

PARTS = (0.125, 0.25, 0.5)  # and the whole, whose heads are the probe's own
LARGE = 5000  # pictures, from which on one fold tells enough


def growth(trained: TrainedRecipe, advance: Stage) -> tuple[Growth, ...]:
    """One point for each of PARTS, with some of every category in it, and one for the whole; none without a probe.

    Parts are chosen by digest, category by category, each within the next. The regularisation is that of the whole.
    `advance` is called for each of PARTS.
    """
    if trained.probe is None:
        return ()
    examples, targets = trained.dataset.examples, np.array(trained.dataset.targets)
    folds = trained.split.folds if len(targets) < LARGE else trained.split.folds[:1]
    points = {}
    for part in PARTS:
        smaller = [Fold(_some(examples, fold.train, targets, part), fold.held_out) for fold in folds]
        point = _point(trained.probe, Split(tuple(smaller), trained.split.learn, ""), targets)
        points[point.pictures] = point
        advance()
    held_out = trained.probe.held_out.of_rows(np.concatenate([fold.held_out for fold in folds]))
    whole = _judged(held_out, folds, targets)
    points[whole.pictures] = whole
    return tuple(points.values())


def _point(probe: Probe, split: Split, targets: NDArray[np.int64]) -> Growth:
    weights = probe.blend.fit(probe.fitter, targets, [fold.train for fold in split.folds])
    return _judged(probe.fitter.held_out(split, weights), split.folds, targets)


def _judged(held_out: OutOfFold, folds: Sequence[Fold], targets: NDArray[np.int64]) -> Growth:
    right = held_out.logits.argmax(axis=1) == targets[held_out.rows]
    trained_on = sum(len(fold.train) for fold in folds) / len(folds)
    return Growth(round(trained_on), Proportion(int(right.sum()), len(right)))


def _some(
    examples: Sequence[Example], rows: NDArray[np.int64], targets: NDArray[np.int64], part: float
) -> NDArray[np.int64]:
    """At least one of each category."""
    chosen: list[int] = []
    for target in np.unique(targets[rows]):
        own = sorted(rows[targets[rows] == target].tolist(), key=lambda row: examples[row].sha256)
        chosen += own[: max(1, round(part * len(own)))]
    return np.array(sorted(chosen))
