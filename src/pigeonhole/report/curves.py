"""The curves of a report as numbers: each is also a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.calibration_error import BINS

POINTS = 60  # of a curve that are kept
MOST_CURVES = 12  # categories drawn; more cannot be told apart


@dataclass(frozen=True, slots=True)
class Curve:
    """`x` and `y` [P], both 0 to 1; `area` below it, None where that says nothing; `name` of the category, or empty."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area: float | None = None


def roc(truths: NDArray[np.int64], scores: NDArray[np.float64], labels: Sequence[str]) -> list[Curve]:
    """True against false positive rate of each category against all others, with its area."""
    curves = []
    for number in _scorable(truths, labels):
        true, false = _found(truths == number, scores[:, number])
        x, y = false / false[-1], true / true[-1]
        curves.append(Curve(labels[number], *_thinned(x, y), float(np.trapezoid(y, x))))
    return curves


def precision_recall(truths: NDArray[np.int64], scores: NDArray[np.float64], labels: Sequence[str]) -> list[Curve]:
    """Precision against recall of each category, with average precision."""
    curves = []
    for number in _scorable(truths, labels):
        true, false = _found(truths == number, scores[:, number])
        precision = np.append(1, true[1:] / (true[1:] + false[1:]))  # of no answers, all are right
        recall = true / true[-1]
        area = float(np.sum(np.diff(recall) * precision[1:]))
        curves.append(Curve(labels[number], *_thinned(recall, precision), area))
    return curves


def _found(own: NDArray[np.bool_], scores: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many `own` pictures [N], and how many others, score at least so much: for each threshold from the highest on,
    after one that nothing reaches. Pictures with equal `scores` [N] come together.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(scores[order][1:] != scores[order][:-1], True))
    true = np.cumsum(own[order], dtype=np.int64)[last]
    return np.append(0, true), np.append(0, last + 1 - true)


def calibration(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Mean score, share of right answers and number of pictures in each of BINS equally wide bins that is not empty."""
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    return [
        (float(scores[bins == each].mean()), float(right[bins == each].mean()), int((bins == each).sum()))
        for each in range(BINS)
        if (bins == each).any()
    ]


def risk_coverage(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> Curve:
    """The share of wrong answers among the surest so many: what leaving the unsure ones to a person brings.

    El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification".
    """
    order = np.argsort(-scores, kind="stable")
    covered = np.arange(1, len(order) + 1)
    risk = np.cumsum(~right[order]) / covered
    return Curve("", *_thinned(covered / len(order), risk), float(risk.mean()))


def _scorable(truths: NDArray[np.int64], labels: Sequence[str]) -> list[int]:
    """Categories that some pictures are of and some are not, the most frequent first, MOST_CURVES at most."""
    counts = np.bincount(truths, minlength=len(labels))
    numbers = [int(number) for number in np.argsort(-counts, kind="stable") if 0 < counts[number] < len(truths)]
    return sorted(numbers[:MOST_CURVES])


def _thinned(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most POINTS of the points, the first and the last among them."""
    kept = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).round().astype(int))
    return x[kept].astype(np.float64), y[kept].astype(np.float64)
