"""Scores that mean what they say: of the answers with 0.9, nine in ten should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from pigeonhole.evaluation.calibration_error import expected_calibration_error
from pigeonhole.evaluation.head import best_temperature
from pigeonhole.evaluation.held_out import HeldOut


@dataclass(frozen=True, slots=True)
class Calibration:
    """`temperature` for the head, and the expected calibration error (0 to 1) of held-out scores without and with one.

    With several folds, each fold's scores in `error_after` use the temperature of the others: it is an honest figure.
    With one, the temperature has seen what it is judged by.
    """

    temperature: float
    error_before: float
    error_after: float


def calibrate(held_out: HeldOut, targets: NDArray[np.int64]) -> Calibration:
    """`targets` [H], the true categories of `held_out`."""
    logits, folds = held_out.logits, held_out.folds
    right = logits.argmax(axis=1) == targets
    several = len(np.unique(folds)) > 1
    tempered = np.empty_like(logits)
    for fold in np.unique(folds):
        inside = folds == fold
        others = ~inside if several else inside
        tempered[inside] = logits[inside] / best_temperature(logits[others], targets[others])
    return Calibration(
        best_temperature(logits, targets),
        *(expected_calibration_error(softmax(each, axis=1).max(axis=1), right) for each in (logits, tempered)),
    )
