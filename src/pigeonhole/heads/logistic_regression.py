"""Logistic regression on the features of a backbone, its C chosen on held-out pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.head import Head, log_loss
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.heads.discriminant_analysis import ClassStatistics
from pigeonhole.heads.principal_axes import MANY, PrincipalAxes
from pigeonhole.heads.softmax_regression import Weights, fit_softmax
from pigeonhole.output import Stage, nothing
from pigeonhole.vectors import one_thread_each

PATH = tuple(10.0 ** (half / 2) for half in range(-7, 4))  # values of C, from strong to weak regularisation


class HeadFitter:
    """Fits heads for the same pictures again and again: for every fold, for other labels, for another C.

    `views` is how many views of each picture there are.
    """

    def __init__(self, space: PrincipalAxes, views: int) -> None:
        self._space = space
        self.views = views

    @classmethod
    def of(cls, views: NDArray[np.float32]) -> "HeadFitter":
        """For `views` [V, N, D], the features of V views of N pictures."""
        with one_thread_each():
            return cls(PrincipalAxes.of(views.reshape(-1, views.shape[-1])), len(views))

    @property
    def pictures(self) -> int:
        return len(self._space.points) // self.views

    def part(self, rows: NDArray[np.int64]) -> "HeadFitter":
        """The same for the pictures `rows` alone, which are numbered anew."""
        every_view = np.arange(self.views)[:, None] * self.pictures + rows
        return HeadFitter(self._space.part(every_view.ravel()), self.views)

    def fit(
        self,
        targets: NDArray[np.int64],
        parts: Sequence[NDArray[np.int64]],
        c: float,
        start: Weights | None = None,
        advance: Stage = nothing,
    ) -> Weights:
        """A head for each of `parts`, the rows to learn from: weights [P, C, R + 1]. `targets` [N] are of all pictures.

        All views of a picture are trained on together, each with a V-th of its weight. `start` [P, C, R + 1] is where
        to begin, such as the heads for another C. With more than MANY rows the heads are fitted one by one, so that
        each looks only at its own rows; else reading the rows is what takes the time. `advance` is called for each.
        """
        of_views = np.zeros((len(parts), self.views, self.pictures), dtype=np.float32)
        for number, rows in enumerate(parts):
            of_views[number, :, rows] = 1 / self.views
        counts = of_views.reshape(len(parts), -1)
        shape = (len(parts), int(targets.max()) + 1, self._space.points.shape[1])
        begin = np.zeros(shape, dtype=np.float32) if start is None else start
        labels = np.tile(targets, self.views)
        if len(labels) <= MANY:
            together = fit_softmax(self._space, labels, counts, c, begin)
            repeat(advance, len(parts))
            return together
        each = []
        for part in range(len(parts)):
            each.append(fit_softmax(self._space, labels, counts[part : part + 1], c, begin[part : part + 1]))
            advance()
        return np.concatenate(each)

    def statistics(self, targets: NDArray[np.int64], parts: Sequence[NDArray[np.int64]]) -> ClassStatistics:
        """What a discriminant analysis needs of the same `parts`, with all views of each picture."""
        every_view = [(np.arange(self.views)[:, None] * self.pictures + rows).ravel() for rows in parts]
        return ClassStatistics.of(self._space, np.tile(targets, self.views), every_view)

    def held_out(self, split: Split, weights: Weights) -> OutOfFold:
        """What the head of each fold, `weights` [F, C, R + 1], says of the plain view of those it had not seen."""
        folds = zip(split.folds, weights, strict=True)
        return OutOfFold.of(split, [self.logits(fold.held_out, own) for fold, own in folds])

    def logits(self, rows: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """What one head, [C, R + 1], says of the plain view of the pictures `rows`, [·, C]."""
        plain = self._space.points[: self.pictures]
        return (plain[rows] @ weights.T).astype(np.float64)

    def head(self, weights: NDArray[np.float32]) -> Head:
        """One of the fitted, [C, R + 1], as a head for the features themselves."""
        return self._space.head(weights)


def fit_folds(
    fitter: HeadFitter, targets: NDArray[np.int64], split: Split, path: Sequence[float], advance: Stage
) -> tuple[float, Weights]:
    """The C of `path` with the least held-out log loss, and the heads of the folds there, [F, C, R + 1].

    `targets` [N] are 0 … C-1. `advance` is called len(path) + len(split.folds) times. Choosing one number on the folds
    that also give the accuracy flatters it by far less than its uncertainty. With more than MANY rows it is chosen by
    one fold of so many of them.
    """
    few = _evenly(targets, MANY // fitter.views)
    if len(few) == len(targets):
        c, folds = _along(path, fitter, targets, split, advance)
        repeat(advance, len(split.folds))
        return c, folds
    small, their = fitter.part(few), split.of_rows(few)
    c, _ = _along(path, small, targets[few], Split(their.folds[:1], their.learn, ""), advance)
    return c, fitter.fit(targets, [fold.train for fold in split.folds], c, None, advance)


def _along(
    path: Sequence[float], fitter: HeadFitter, targets: NDArray[np.int64], split: Split, advance: Stage
) -> tuple[float, Weights]:
    """The C of `path` at which held-out pictures are likeliest, and the heads of the folds there.

    Each C starts where the last one ended. Once the held-out loss rises, weaker regularisation is not tried.
    """
    parts = [fold.train for fold in split.folds]
    weights, found = None, (np.inf, path[0], np.empty(0, dtype=np.float32))
    for number, c in enumerate(path):
        weights = fitter.fit(targets, parts, c, weights)
        held_out = fitter.held_out(split, weights)
        loss = log_loss(held_out.logits, targets[held_out.rows])
        advance()
        if loss >= found[0]:
            repeat(advance, len(path) - number - 1)
            break
        found = loss, c, weights
    return found[1:]


def repeat(advance: Stage, times: int) -> None:
    """For what turned out not to be needed."""
    for _ in range(times):
        advance()


def _evenly(targets: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """About `most` of the rows, the same share of each category and at least one, spread evenly."""
    if len(targets) <= most:
        return np.arange(len(targets))
    share = most / len(targets)
    chosen = []
    for target in np.unique(targets):
        own = np.flatnonzero(targets == target)
        chosen.append(own[np.linspace(0, len(own) - 1, max(1, round(share * len(own))), dtype=np.int64)])
    return np.sort(np.concatenate(chosen))
