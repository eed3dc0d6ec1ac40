"""Which pictures may lie in the wrong category, by the answers of those who had not seen them.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels" (arXiv 1911.00068).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import best_temperature
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.heads.blended_head import Probe
from pigeonhole.output import Stage, nothing
from pigeonhole.vectors import softmax


@dataclass(frozen=True, slots=True)
class Suspect:
    """The example `row` looks like the category `other`; `doubt` is the score of that less the score of its own."""

    row: int
    other: int
    doubt: float


def suspects_by_probe(
    probe: Probe, targets: NDArray[np.int64], split: Split, advance: Stage = nothing
) -> tuple[list[Suspect], int]:
    """In two rounds: wrong labels also mislead the heads, so the second round is not trained on the first suspects.

    `targets` [N] are the labels that `probe` was fitted with, `split` says who is held out. The number is that of the
    first round's suspects, which says how far to trust it: the second is trained only on labels that agree with each
    other, and agrees with them even where there is nothing to learn. `advance` is called for every fold of the second.
    """
    held_out = probe.held_out.of_rows(np.concatenate([fold.held_out for fold in split.folds]))
    found = suspects(held_out, targets[held_out.rows])
    cleaned = without(split, np.array([suspect.row for suspect in found], dtype=np.int64))
    if not found or any(len(set(targets[fold.train])) < len(set(targets)) for fold in cleaned.folds):
        return found, len(found)  # nothing to leave out, or a category would be missing
    weights = probe.blend.fit(probe.fitter, targets, [fold.train for fold in cleaned.folds], probe.regressions, advance)
    second = probe.fitter.held_out(cleaned, weights)
    return suspects(second, targets[second.rows]), len(found)


def without(split: Split, rows: NDArray[np.int64]) -> Split:
    """`split` where the examples `rows` are evaluated as before and no longer trained on."""
    folds = tuple(Fold(np.setdiff1d(fold.train, rows), fold.held_out) for fold in split.folds)
    return Split(folds, np.setdiff1d(split.learn, rows), split.description)


def suspects(held_out: OutOfFold, targets: NDArray[np.int64]) -> list[Suspect]:
    """Pictures that those who had not seen them take for another category, the likeliest first.

    `targets` [H] are the labels in doubt, in the order of `held_out`. The order is that of the normalised margin. The
    paper's thresholds for each category are left out: on two heroes with one label in ten wrong, they lost 9 of 48.
    """
    scores = softmax(held_out.logits / best_temperature(held_out.logits, targets))
    everyone = np.arange(len(targets))
    other = scores.argmax(axis=1)
    doubt = scores[everyone, other] - scores[everyone, targets]
    found = [
        Suspect(int(held_out.rows[index]), int(other[index]), float(doubt[index]))
        for index in np.flatnonzero(other != targets)
    ]
    return sorted(found, key=lambda suspect: -suspect.doubt)
