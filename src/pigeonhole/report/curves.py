"""The curves of a report as numbers: each is also a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

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
        own = truths == number
        false, true, _ = roc_curve(own, scores[:, number])
        curves.append(Curve(labels[number], *_thinned(false, true), float(roc_auc_score(own, scores[:, number]))))
    return curves


def precision_recall(truths: NDArray[np.int64], scores: NDArray[np.float64], labels: Sequence[str]) -> list[Curve]:
    """Precision against recall of each category, with average precision."""
    curves = []
    for number in _scorable(truths, labels):
        own = truths == number
        precision, recall, _ = precision_recall_curve(own, scores[:, number])
        area = float(average_precision_score(own, scores[:, number]))
        curves.append(Curve(labels[number], *_thinned(recall[::-1], precision[::-1]), area))
    return curves


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
