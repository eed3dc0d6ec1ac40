"""Linear discriminant analysis with a ridge, for several parts of the same points: the other half of a probe's head.

Friedman 1989, "Regularized Discriminant Analysis". Every category has the same covariance, which the ridge draws to a
sphere; what follows is linear in the features, as a softmax regression is, and where pictures of a category are alike
in most directions and few in number, it is often better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pigeonhole.heads.principal_axes import PrincipalAxes, rows_at_once
from pigeonhole.heads.softmax_regression import Weights
from pigeonhole.vectors import by_rows, one_thread_each

LEAST = 1e-6  # of the mean energy of a coordinate: the least that is added to it


@dataclass(frozen=True, slots=True)
class ClassStatistics:
    """Of each of P parts: the `means` float64 [P, C, R] of the categories, the logarithms of their shares, `priors`
    [P, C], and the covariance `within` them [P, R, R].
    """

    means: NDArray[np.float64]
    priors: NDArray[np.float64]
    within: NDArray[np.float64]
    least: float

    @classmethod
    def of(
        cls, space: PrincipalAxes, targets: NDArray[np.int64], parts: Sequence[NDArray[np.int64]]
    ) -> "ClassStatistics":
        """Of the rows `parts` of the points; `targets` [N] (0 … C-1) are of all rows."""
        points, categories = space.points[:, :-1], int(targets.max()) + 1
        with one_thread_each():
            means, priors, within = [], [], []
            for rows, products in zip(parts, _products(points, parts), strict=True):
                counts = np.bincount(targets[rows], minlength=categories)
                own = _sums(points, targets, rows, categories) / np.maximum(counts, 1)[:, None]
                means.append(own)
                priors.append(np.log(np.maximum(counts, 0.5) / len(rows)))
                within.append((products - (own * counts[:, None]).T @ own) / len(rows))
        least = LEAST * float(space.energies[:-1].sum()) / max(1, points.size)
        return cls(np.stack(means), np.stack(priors), np.stack(within), least)

    def weights(self, ridge: float) -> Weights:
        """The head of each part, [P, C, R + 1]. `ridge` is what is added to the diagonal of the covariance, in units of
        its mean.
        """
        width = self.within.shape[-1]
        result = np.empty((*self.means.shape[:2], width + 1), dtype=np.float32)

        def solve(parts: slice) -> None:
            own, within = self.means[parts.start], self.within[parts.start]
            added = ridge * max(float(np.trace(within)) / max(1, width), self.least)
            sphered = (within + added * np.eye(width)).astype(np.float32)
            weight = np.linalg.solve(sphered, own.T.astype(np.float32)).T
            result[parts.start, :, :-1] = weight
            result[parts.start, :, -1] = self.priors[parts.start] - (weight * own).sum(axis=1) / 2

        with one_thread_each():
            by_rows(solve, len(result), 1)
        return result


def _products(points: NDArray[np.float32], parts: Sequence[NDArray[np.int64]]) -> list[NDArray[np.float64]]:
    """The sum of x · xᵀ over the rows x of each part, [R, R]: where that is most of them, over the others."""
    everyone = np.arange(len(points))
    whole = _product(points, everyone)
    found = []
    for rows in parts:
        others = np.setdiff1d(everyone, rows)
        found.append(whole - _product(points, others) if len(others) < len(rows) else _product(points, rows))
    return found


def _product(points: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    def part(some: slice) -> NDArray[np.float32]:
        own = points[rows[some]]
        product: NDArray[np.float32] = own.T @ own
        return product

    if not len(rows):
        return np.zeros((points.shape[1], points.shape[1]))
    product: NDArray[np.float64] = np.sum(by_rows(part, len(rows), rows_at_once(len(rows))), axis=0, dtype=np.float64)
    return product


def _sums(
    points: NDArray[np.float32], targets: NDArray[np.int64], rows: NDArray[np.int64], categories: int
) -> NDArray[np.float64]:
    """The sum of the `rows` of each category, [C, R]."""
    ordered = rows[np.argsort(targets[rows], kind="stable")]
    sums = np.zeros((categories, points.shape[1]))
    places = np.searchsorted(targets[ordered], np.arange(categories + 1))
    for category, (start, end) in enumerate(pairwise(places.tolist())):
        sums[category] = points[ordered[start:end]].sum(axis=0, dtype=np.float64)
    return sums
