"""Scores that mean what they say: of the answers with 0.9, nine in ten should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.calibration_error import expected_calibration_error
from pigeonhole.evaluation.head import best_temperature
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.output import Stage, nothing
from pigeonhole.vectors import softmax


@dataclass(frozen=True, slots=True)
class Calibration:
    """`temperature` for the head, the `scores` [H, C] of the held-out pictures at temperatures that had not seen them,
    and the expected calibration error (0 to 1) of those.

    With several folds, each fold's scores use the temperature of the others: the figure is cross-fitted. With one, the
    temperature has seen what it is evaluated on.
    """

    temperature: float
    scores: NDArray[np.float64]
    error: float


def calibrate(held_out: OutOfFold, targets: NDArray[np.int64], advance: Stage = nothing) -> Calibration:
    """`targets` [H], the true categories of `held_out`. `advance` is called for every fold."""
    logits, folds = held_out.logits, held_out.folds
    numbers = np.unique(folds)
    tempered = np.empty_like(logits)
    for fold in numbers:
        inside = folds == fold
        others = ~inside if len(numbers) > 1 else inside
        tempered[inside] = logits[inside] / best_temperature(logits[others], targets[others])
        advance()
    scores: NDArray[np.float64] = softmax(tempered)
    right = logits.argmax(axis=1) == targets
    return Calibration(best_temperature(logits, targets), scores, expected_calibration_error(scores.max(axis=1), right))
