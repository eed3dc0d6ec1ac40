"""A share of right answers, with how sure it is."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.split import Split

CONFIDENCE = 0.95
LEARNING_RATE = 0.5  # errors shrink at most with this power of the number of training pictures


@dataclass(frozen=True, slots=True)
class Proportion:
    """`right` of `total` (which is at least 1), and the `bounds` of the true share, None for those of independent
    pictures.
    """

    right: int
    total: int
    bounds: tuple[float, float] | None = None

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.right / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Between which two shares the true one lies with 95 % confidence."""
        return self.bounds or wilson(self.share, self.total)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{100 * self.share:.1f} % ({self.right} of {self.total} pictures;"
            f" 95 % confidence interval {100 * low:.1f} to {100 * high:.1f} %)"
        )


def wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a `share` (0 to 1) of `count` independent trials, which need not be a whole number. It holds
    `share`, also where rounding would leave 0 or 1 out.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def cross_validated(right: NDArray[np.bool_], rows: NDArray[np.int64], split: Split) -> Proportion:
    """How many of the held-out pictures `rows` [H] of a split are `right` [H], and the interval of the accuracy of the
    model that learns from all of them.

    Wilson's, with what cross-validation adds. Pictures of one group count as far as they differ (the effective number
    of clusters). Folds learn from each other's pictures, so the variance is 1 + K / (K - 1) times that of independent
    ones (Nadeau and Bengio 2003, "Inference for the generalization error"). And heads trained on (K - 1) / K of
    the pictures are worse than the final one: the upper bound is that of its errors shrunk by the square root of that.
    """
    folds, total = len(split.folds), len(rows)
    count = _effective_count(rows, split.groups)
    low, high = wilson(float(right.mean()), count)
    if folds > 1:
        low, high = wilson(float(right.mean()), count / (1 + folds / (folds - 1)))
        high = 1 - (1 - high) * ((folds - 1) / folds) ** LEARNING_RATE
    return Proportion(int(right.sum()), total, (low, high))


def _effective_count(rows: NDArray[np.int64], groups: NDArray[np.int64] | None) -> float:
    """How many independent pictures `rows` are worth: (Σ n)² / Σ n², with n the sizes of their groups."""
    if groups is None:
        return float(len(rows))
    sizes = np.unique(groups[rows], return_counts=True)[1].astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum())
