"""Recipe `probe`: logistic regression on the frozen features of a backbone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pigeonhole.output import Stage
from pigeonhole.train.head import Head, log_loss
from pigeonhole.train.learnt import HeldOut
from pigeonhole.train.split import Fold, Split

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # sklearn's C, on features of mean square 1
ITERATIONS = 5000


@dataclass(frozen=True, slots=True)
class Probe:
    """The head learnt from all pictures, and what heads that had not seen them said of those held out."""

    head: Head
    strength: float
    held_out: HeldOut


def fit_probe(features: NDArray[np.float32], targets: NDArray[np.int64], split: Split, advance: Stage) -> Probe:
    """Fit on `features` [N, D], `targets` [N] (0 … C-1), C >= 2.

    The strength of the regularisation is the one of STRENGTHS with the least held-out log loss. Choosing one of five
    numbers on the folds that also give the accuracy flatters it by far less than its uncertainty. `advance` is called
    once for each strength.
    """
    scale = float(np.sqrt(np.mean(np.square(features, dtype=np.float64)))) or 1.0
    coordinates, directions = _rotated(features / scale)
    tried = []
    for strength in STRENGTHS:
        held_out = HeldOut.of(split, [_held_out(coordinates, targets, fold, strength) for fold in split.folds])
        tried.append((log_loss(held_out.logits, targets[held_out.rows]), strength, held_out))
        advance()
    _, strength, held_out = min(tried, key=lambda each: each[0])
    head = _fit(coordinates[split.learn], targets[split.learn], strength)
    return Probe(Head(head.weight @ directions / scale, head.bias), strength, held_out)


def _rotated(features: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same points in as few coordinates as there are points: coordinates [N, R] @ directions [R, D].

    With fewer pictures than features this is exact, since the penalty does not change under rotation, and several
    times faster.
    """
    if features.shape[0] >= features.shape[1]:
        return features.astype(np.float64), np.eye(features.shape[1])
    left, lengths, directions = np.linalg.svd(features.astype(np.float64), full_matrices=False)
    return left * lengths, directions


def _held_out(
    features: NDArray[np.float64], targets: NDArray[np.int64], fold: Fold, strength: float
) -> NDArray[np.float64]:
    return _fit(features[fold.train], targets[fold.train], strength).logits(features[fold.held_out])


def _fit(features: NDArray[np.float64], targets: NDArray[np.int64], strength: float) -> Head:
    regression = LogisticRegression(C=strength, solver="lbfgs", max_iter=ITERATIONS).fit(features, targets)
    weight, bias = regression.coef_, regression.intercept_
    if len(weight) == 1:  # for two categories sklearn keeps the difference only
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Head(weight, bias)
