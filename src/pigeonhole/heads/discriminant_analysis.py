"""Linear discriminant analysis with a ridge, for several parts of the same points: the other half of a probe's head.

Friedman 1989, "Regularized Discriminant Analysis". Every category has the same covariance, which the ridge draws to a
sphere; what follows is linear in the features, as a softmax regression is, and where pictures of a category are alike
in most directions and few in number, it is often better.
"""

from collections.abc import Iterator, Sequence
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
    [P, C], and the covariance `within` them, float32 [P, R, R].
    """

    means: NDArray[np.float64]
    priors: NDArray[np.float64]
    within: NDArray[np.float32]
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
                around = products - (own * counts[:, None]).T @ own
                within.append((around / len(rows)).astype(np.float32))
        least = LEAST * float(space.energies[:-1].sum()) / max(1, points.size)
        return cls(np.stack(means), np.stack(priors), np.stack(within), least)

    def weights(self, ridge: float) -> Weights:
        """The head of each part, [P, C, R + 1]. `ridge` is what is added to the diagonal of the covariance, in units of
        its mean.
        """
        width = self.within.shape[-1]
        result = np.empty((*self.means.shape[:2], width + 1), dtype=np.float32)

        def solve(parts: slice) -> None:
            own, sphered = self.means[parts.start], self.within[parts.start].copy()
            added = ridge * max(float(np.trace(sphered, dtype=np.float64)) / max(1, width), self.least)
            sphered.flat[:: width + 1] += np.float32(added)
            weight = np.linalg.solve(sphered, own.T.astype(np.float32)).T
            result[parts.start, :, :-1] = weight
            result[parts.start, :, -1] = self.priors[parts.start] - (weight * own).sum(axis=1) / 2

        with one_thread_each():
            by_rows(solve, len(result), 1)
        return result


def _products(points: NDArray[np.float32], parts: Sequence[NDArray[np.int64]]) -> Iterator[NDArray[np.float64]]:
    """The sum of x · xᵀ over the rows x of each part, [R, R]: where that is most of them, over the others."""
    everyone, whole = np.arange(len(points)), None
    for rows in parts:
        others = np.setdiff1d(everyone, rows)
        if len(others) < len(rows):
            whole = _product(points, everyone) if whole is None else whole
            yield whole - _product(points, others)
        else:
            yield _product(points, rows)


def _product(points: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    def part(some: slice) -> NDArray[np.float32]:
        own = points[rows[some]]
        product: NDArray[np.float32] = own.T @ own
        return product

    total = np.zeros((points.shape[1], points.shape[1]))
    for product in by_rows(part, len(rows), rows_at_once(len(rows))):
        total += product
    return total


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
