"""Scores that mean what they say: of the answers with 0.9, nine in ten should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from pigeonhole.train.head import best_temperature
from pigeonhole.train.learnt import HeldOut

BINS = 15


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
    several = len(np.unique(folds)) > 1
    tempered = np.empty_like(logits)
    for fold in np.unique(folds):
        inside = folds == fold
        others = ~inside if several else inside
        tempered[inside] = logits[inside] / best_temperature(logits[others], targets[others])
    return Calibration(
        best_temperature(logits, targets),
        expected_calibration_error(softmax(logits, axis=1), targets),
        expected_calibration_error(softmax(tempered, axis=1), targets),
    )


def expected_calibration_error(probabilities: NDArray[np.floating], targets: NDArray[np.int64]) -> float:
    """By how much scores and the share of right answers differ, on average over BINS equally wide bins of the score.

    `probabilities` [N, C]. Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    scores, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right[bins == each] - scores[bins == each]).sum())) for each in range(BINS)]
    return sum(gaps) / len(targets)
