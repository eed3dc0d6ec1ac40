"""A probe's head: softmax regression, discriminant analysis or both, as held-out pictures say.

Both are linear in the features, so their sum is one linear head. Regression is better where categories differ in a few
directions and pictures are many, discriminant analysis where many weak directions count (docs/decisions/0141).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import Head, best_temperature, log_loss
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.evaluation.paired_gain import paired_gain
from pigeonhole.heads.discriminant_analysis import ClassStatistics
from pigeonhole.heads.logistic_regression import PATH, HeadFitter, fit_folds, repeat
from pigeonhole.heads.softmax_regression import Weights
from pigeonhole.output import Output, Stage, nothing

RIDGES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)  # from a sphere to nearly the covariance that was measured
SHARES = (0.0, 0.5, 1.0)
ENOUGH = 10_000  # held-out pictures that a ridge and a share are chosen by


@dataclass(frozen=True, slots=True)
class Blend:
    """What was chosen: `c`, the inverse regularisation strength of the regression; `ridge` of the discriminant
    analysis; and the `share` of the latter (0 to 1), each scaled by its own temperature.
    """

    c: float
    ridge: float
    share: float
    temperatures: tuple[float, float]

    def of(self, regression: Weights, discriminant: Weights) -> Weights:
        """The sum of two heads of every part, [P, C, R + 1]."""
        one, other = self.temperatures
        blended: Weights = regression * np.float32((1 - self.share) / one)
        blended += discriminant * np.float32(self.share / other)
        return blended

    def fit(
        self,
        fitter: HeadFitter,
        targets: NDArray[np.int64],
        parts: Sequence[NDArray[np.int64]],
        start: Weights | None = None,
        advance: Stage = nothing,
    ) -> Weights:
        """Heads [P, C, R + 1] for other labels or `parts`; `start` is where the regressions begin. `advance` is called
        for each of `parts` that has a regression.
        """
        if self.share == 0:
            return fitter.fit(targets, parts, self.c, start, advance) / np.float32(self.temperatures[0])
        discriminant = fitter.statistics(targets, parts).weights(self.ridge)
        if self.share == 1:
            return discriminant / np.float32(self.temperatures[1])
        return self.of(fitter.fit(targets, parts, self.c, start, advance), discriminant)


@dataclass(frozen=True, slots=True)
class Probe:
    """The head learnt from all pictures, and what heads that had not seen them said of those held out.

    `blend` is what was chosen and `fitter` what more heads can be fitted with. `regressions` [F, C, R + 1] are those of
    the folds, without the discriminant analysis, as `fitter` has them.
    """

    head: Head
    blend: Blend
    held_out: OutOfFold
    regressions: Weights
    fitter: HeadFitter


def fit_probe(
    views: NDArray[np.float32],
    targets: NDArray[np.int64],
    split: Split,
    output: Output,
    like: Blend | None = None,
) -> Probe:
    """Fit on `views` [V, N, D], the features of V views of N pictures, `targets` [N] (0 … C-1), C >= 2.

    A picture is judged by its first view, the plain one. C and ridge are those with the least held-out log loss, with
    `like` those of it; a larger share replaces a smaller one where that loss is lower beyond doubt. Three numbers that
    are chosen on the folds that also give the accuracy flatter it by far less than its uncertainty.
    """
    path = (like.c,) if like else PATH
    with output.stage("Learning", len(path) + len(split.folds) + len(RIDGES) + 1) as advance:
        return fit_heads(HeadFitter.of(views), targets, split, like, advance)


def fit_heads(
    fitter: HeadFitter, targets: NDArray[np.int64], split: Split, like: Blend | None, advance: Stage
) -> Probe:
    """The same with a `fitter` that is at hand; `advance` is called for every value tried and every fold."""
    c, regressions = fit_folds(fitter, targets, split, (like.c,) if like else PATH, advance)
    statistics = fitter.statistics(targets, [*(fold.train for fold in split.folds), split.learn])
    judges = _Judges(fitter, split, targets)
    of_regression = judges.temperature(regressions)
    ridge, discriminants = _ridge((like.ridge,) if like else RIDGES, statistics, judges, advance)
    temperatures = of_regression, judges.temperature(discriminants[:-1])
    blend = Blend(c, ridge, SHARES[0], temperatures)
    for share in SHARES[1:]:
        more = replace(blend, share=share)
        if judges.doubt_no_more(*(each.of(regressions, discriminants[:-1]) for each in (blend, more))):
            blend = more
    whole = np.zeros((1, *regressions.shape[1:]), dtype=np.float32)
    if blend.share < 1:
        whole = fitter.fit(targets, [split.learn], c, regressions.mean(axis=0, keepdims=True))
    advance()
    (weights,) = blend.of(whole, discriminants[-1:])
    held_out = fitter.held_out(split, blend.of(regressions, discriminants[:-1]))
    return Probe(fitter.head(weights), blend, held_out, regressions, fitter)


def fit_head(features: NDArray[np.float32], targets: NDArray[np.int64], blend: Blend) -> Head:
    """A head for `features` [N, D], with `blend` chosen before."""
    fitter = HeadFitter.of(features[None])
    (weights,) = blend.fit(fitter, targets, [np.arange(len(targets))])
    return fitter.head(weights)


class _Judges:
    """About ENOUGH of the held-out pictures, spread evenly."""

    def __init__(self, fitter: HeadFitter, split: Split, targets: NDArray[np.int64]) -> None:
        step = max(1, sum(len(fold.held_out) for fold in split.folds) // ENOUGH)
        self._fitter, self._targets = fitter, targets
        self._split = replace(split, folds=tuple(Fold(fold.train, fold.held_out[::step]) for fold in split.folds))

    def loss(self, folds: Weights) -> float:
        """The log loss of the heads `folds` [F, C, R + 1] at their best temperature, in nats."""
        said = self._fitter.held_out(self._split, folds)
        truth = self._targets[said.rows]
        return log_loss(said.logits, truth, best_temperature(said.logits, truth))

    def temperature(self, folds: Weights) -> float:
        said = self._fitter.held_out(self._split, folds)
        return best_temperature(said.logits, self._targets[said.rows])

    def doubt_no_more(self, old: Weights, new: Weights) -> bool:
        """Whether the heads `new` are better than `old` by more than luck."""
        one, other = (self._fitter.held_out(self._split, folds) for folds in (old, new))
        return paired_gain(one, other, self._targets).is_beyond_doubt


def _ridge(
    ridges: Sequence[float], statistics: ClassStatistics, judges: _Judges, advance: Stage
) -> tuple[float, Weights]:
    """That of `ridges` at which held-out pictures are likeliest, and the heads there; the last one is of all pictures.

    Once the loss rises, weaker ones are not tried.
    """
    best, found = np.inf, (ridges[0], np.empty(0, dtype=np.float32))
    for number, ridge in enumerate(ridges):
        weights = statistics.weights(ridge)
        loss = judges.loss(weights[:-1])
        advance()
        if loss >= best:
            repeat(advance, len(RIDGES) - number - 1)
            return found
        best, found = loss, (ridge, weights)
    repeat(advance, len(RIDGES) - len(ridges))
    return found
