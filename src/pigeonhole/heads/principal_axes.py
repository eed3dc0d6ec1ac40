"""Features along their principal axes, in which a penalised fit is well conditioned."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.head import Head
from pigeonhole.vectors import by_rows

NEGLIGIBLE = 1e-7  # of the largest energy: axes with less are rounding errors
MANY = 10_000  # rows, from which on time and memory count more than the last digit
WEAK = 0.01  # of the mean energy: axes with less are left out of MANY rows, see docs/decisions/0176
CHUNK = 2048  # rows
MOST_PARTS = 8  # each of which holds a product of columns


@dataclass(frozen=True, slots=True)
class PrincipalAxes:
    """Features of mean square 1, less their mean, in the coordinates of their principal axes.

    `points` float32 [N, R + 1] are the rows; the last column is 1, for the bias. `energies` float64 [R + 1] are the
    squared lengths of the columns. A feature vector x has the coordinates `axes` · (x - mean), with `axes` [R, D].
    """

    points: NDArray[np.float32]
    energies: NDArray[np.float64]
    axes: NDArray[np.float32]
    mean: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32]) -> "PrincipalAxes":
        """Of `features` [N, D]. An L2 penalty does not change under rotation, so neither does what is fitted.

        The axes come from the products of columns, [D, D], or of rows, [N, N], whichever are fewer. Of more than MANY
        rows those are left out that are WEAK.
        """
        count, width = features.shape
        mean = np.asarray(np.mean(features, axis=0, dtype=np.float64), dtype=np.float32)
        squares = by_rows(lambda rows: float(np.vdot(features[rows], features[rows])), count, CHUNK)
        scale = np.float32(np.sqrt(sum(squares) / features.size) or 1)
        if count <= width:
            centred = ((features - mean) / scale).astype(np.float64)
            energies, left = _spectrum(centred @ centred.T)
            axes = ((left / np.sqrt(energies)).T @ centred).astype(np.float32)
        else:
            products = by_rows(lambda rows: _products((features[rows] - mean) / scale), count, rows_at_once(count))
            energies, right = _spectrum(np.sum(products, axis=0, dtype=np.float64))
            axes = right.T.astype(np.float32)
        if count > MANY:
            strong = int(np.count_nonzero(energies > WEAK * energies.sum() / width))
            energies, axes = energies[:strong], axes[:strong]
        points = np.ones((count, len(energies) + 1), dtype=np.float32)

        def turn(rows: slice) -> None:
            points[rows, :-1] = ((features[rows] - mean) / scale) @ axes.T

        by_rows(turn, count, CHUNK)
        return cls(points, np.append(energies, count), (axes / scale).astype(np.float32), mean)

    def part(self, rows: NDArray[np.int64]) -> "PrincipalAxes":
        """The same axes with the points `rows` alone; their energies are about the same share of all."""
        return replace(self, points=self.points[rows], energies=self.energies * len(rows) / len(self.points))

    def head(self, weights: NDArray[np.float32]) -> Head:
        """`weights` [C, R + 1] for the points, as a head for the features themselves."""
        weight = weights[:, :-1].astype(np.float64) @ self.axes
        return Head(weight, weights[:, -1] - weight @ self.mean)


def rows_at_once(count: int) -> int:
    """How many of `count` rows are multiplied at a time, so that few large products are held at once."""
    return max(CHUNK, -(-count // MOST_PARTS))


def _products(part: NDArray[np.float32]) -> NDArray[np.float32]:
    return part.T @ part


def _spectrum(products: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The eigenvalues [R] that matter, the largest first, and their eigenvectors [·, R]."""
    values, vectors = np.linalg.eigh(products)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > NEGLIGIBLE * values[0]
    return values[kept], vectors[:, kept]
