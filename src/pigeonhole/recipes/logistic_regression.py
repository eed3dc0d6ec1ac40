"""Recipe `probe`: logistic regression on the frozen features of a backbone."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import ThreadpoolController

from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import Head, log_loss
from pigeonhole.evaluation.held_out import HeldOut
from pigeonhole.output import Stage

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # sklearn's C, on features of mean square 1
ITERATIONS = 5000
WORTH_THREADS = 4_000_000  # numbers; with fewer, the threads of numpy's arithmetic wait for each other for longer
_threads = ThreadpoolController()


@dataclass(frozen=True, slots=True)
class Probe:
    """The head learnt from all pictures, and what heads that had not seen them said of those held out."""

    head: Head
    strength: float
    held_out: HeldOut


def fit_probe(
    views: NDArray[np.floating],
    targets: NDArray[np.int64],
    split: Split,
    advance: Stage,
    strengths: tuple[float, ...] = STRENGTHS,
) -> Probe:
    """Fit on `views` [V, N, D], the features of V views of N pictures, `targets` [N] (0 … C-1), C >= 2.

    All views of a picture are learnt from together, each with a V-th of its weight; it is judged by its first, the
    plain one. The strength of the regularisation is the one of `strengths` with the least held-out log loss. Choosing
    one of five numbers on the folds that also give the accuracy flatters it by far less than its uncertainty. `advance`
    is called once for each strength.
    """
    scale = float(np.sqrt(np.mean(np.square(views, dtype=np.float64)))) or 1.0
    coordinates, directions = _rotated(views / scale)
    tried = []
    for strength in strengths:
        held_out = HeldOut.of(split, [_held_out(coordinates, targets, fold, strength) for fold in split.folds])
        tried.append((log_loss(held_out.logits, targets[held_out.rows]), strength, held_out))
        advance()
    _, strength, held_out = min(tried, key=lambda each: each[0])
    head = _fit(coordinates[:, split.learn], targets[split.learn], strength)
    return Probe(Head(head.weight @ directions / scale, head.bias), strength, held_out)


def fit_head(features: NDArray[np.floating], targets: NDArray[np.int64], strength: float) -> Head:
    """A head for plain `features` [N, D] alone, of a strength that was chosen before."""
    views = features[None]
    scale = float(np.sqrt(np.mean(np.square(views, dtype=np.float64)))) or 1.0
    coordinates, directions = _rotated(views / scale)
    head = _fit(coordinates, targets, strength)
    return Head(head.weight @ directions / scale, head.bias)


def _rotated(views: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same points in as few coordinates as there are points: coordinates [V, N, R] @ directions [R, D].

    With fewer points than features this is exact, since the penalty does not change under rotation, and several
    times faster.
    """
    points = views.reshape(-1, views.shape[-1]).astype(np.float64)
    if points.shape[0] >= points.shape[1]:
        return points.reshape(views.shape), np.eye(points.shape[1])
    with _few_threads(points):
        left, lengths, directions = np.linalg.svd(points, full_matrices=False)
    return (left * lengths).reshape(*views.shape[:2], -1), directions


def _few_threads(points: NDArray[np.float64]) -> AbstractContextManager[object]:
    limiter: AbstractContextManager[object] = _threads.limit(
        limits=1 if points.size < WORTH_THREADS else None, user_api="blas"
    )
    return limiter


def _held_out(
    views: NDArray[np.float64], targets: NDArray[np.int64], fold: Fold, strength: float
) -> NDArray[np.float64]:
    return _fit(views[:, fold.train], targets[fold.train], strength).logits(views[0, fold.held_out])


def _fit(views: NDArray[np.float64], targets: NDArray[np.int64], strength: float) -> Head:
    count = len(views)
    points, labels = views.reshape(-1, views.shape[-1]), np.tile(targets, count)
    regression = LogisticRegression(C=strength, solver="lbfgs", max_iter=ITERATIONS)
    with _few_threads(points):
        regression.fit(points, labels, sample_weight=np.full(len(labels), 1 / count))
    weight, bias = regression.coef_, regression.intercept_
    if len(weight) == 1:  # for two categories sklearn keeps the difference only
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Head(weight, bias)
