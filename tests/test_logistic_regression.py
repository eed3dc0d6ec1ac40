"""The fits that every probe comes from, held to scikit-learn's."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from learning import halves
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import Head, log_loss
from pigeonhole.evaluation.paired_gain import paired_gain
from pigeonhole.heads import logistic_regression, principal_axes, softmax_regression
from pigeonhole.heads.blended_head import Blend, fit_head, fit_probe
from pigeonhole.heads.logistic_regression import PATH, HeadFitter, fit_folds
from pigeonhole.output import Recorder
from pigeonhole.vectors import one_thread_each

Features = NDArray[np.float32]
Targets = NDArray[np.int64]

REGRESSION = Blend(c=1.0, ridge=1.0, share=0.0, temperatures=(1.0, 1.0))


def clouds(count: int, categories: int, features: int, distance: float = 1.0) -> tuple[Features, Targets]:
    """Overlapping clouds of points whose directions matter very differently, as those of real features do."""
    chance = np.random.default_rng(0)
    targets = np.arange(count) % categories
    centres = chance.normal(size=(categories, features)) * distance
    widths = 1 / np.sqrt(1 + np.arange(features))
    points = (centres[targets] + chance.normal(size=(count, features)) * 3) * widths + 0.3
    return points.astype(np.float32), targets


def fifths(count: int) -> Split:
    rows = np.arange(count)
    folds = tuple(Fold(rows[rows % 7 % 5 != number], rows[rows % 7 % 5 == number]) for number in range(5))
    return Split(folds, rows, "of these")


def by_scikit_learn(points: Features, targets: Targets, c: float, rows: Targets) -> Head:
    """Fitted on `rows`; the scale is that of all points."""
    scale = np.sqrt(np.mean(np.square(points, dtype=np.float64)))
    two = targets.max() == 1  # for which it penalises the difference of both weights alone: half as much
    regression = LogisticRegression(C=2 * c if two else c, tol=1e-6, max_iter=20_000)
    with one_thread_each():
        regression.fit(points[rows] / scale, targets[rows])
    weight, bias = regression.coef_, regression.intercept_
    if two:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Head(weight / scale, bias)


@pytest.mark.parametrize("c", [0.01, 1.0])
@pytest.mark.parametrize(("count", "categories", "features"), [(60, 2, 100), (200, 2, 20), (80, 5, 100), (200, 6, 40)])
def test_a_head_is_the_one_of_scikit_learn(count: int, categories: int, features: int, c: float) -> None:
    points, targets = clouds(count + 1000, categories, features)
    seen, new, labels = points[:count], points[count:], targets[count:]
    own = fit_head(seen, targets[:count], replace(REGRESSION, c=c)).logits(new)
    other = by_scikit_learn(seen, targets[:count], c, np.arange(count)).logits(new)
    assert log_loss(own, labels) == pytest.approx(log_loss(other, labels), rel=0.01)
    assert np.mean(own.argmax(axis=1) == other.argmax(axis=1)) >= 0.985


def held_out_loss(fitter: HeadFitter, targets: Targets, split: Split, path: Sequence[float]) -> tuple[float, float]:
    """The C of `path` that is chosen, and the loss there."""
    c, folds = fit_folds(fitter, targets, split, path, lambda: None)
    held_out = fitter.held_out(split, folds)
    return c, log_loss(held_out.logits, targets[held_out.rows])


def test_the_heads_of_all_folds_are_those_of_scikit_learn() -> None:
    points, targets = clouds(150, 4, 40)
    c, loss = held_out_loss(HeadFitter.of(points[None]), targets, fifths(150), PATH)
    logits = [
        by_scikit_learn(points, targets, c, fold.train).logits(points[fold.held_out]) for fold in fifths(150).folds
    ]
    labels = targets[np.concatenate([fold.held_out for fold in fifths(150).folds])]
    assert loss == pytest.approx(log_loss(np.concatenate(logits), labels), rel=0.01)


def test_c_is_the_one_with_the_least_held_out_loss() -> None:
    points, targets = clouds(200, 4, 60)
    fitter = HeadFitter.of(points[None])
    chosen, loss = held_out_loss(fitter, targets, fifths(200), PATH)
    alone = {c: held_out_loss(fitter, targets, fifths(200), (c,))[1] for c in PATH}
    assert PATH[0] < chosen < PATH[-1]
    assert chosen == min(alone, key=lambda c: alone[c])
    assert loss == pytest.approx(alone[chosen], rel=0.005)  # wherever the fit began


@pytest.mark.parametrize("ridge", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("views", [1, 3])
def test_a_discriminant_analysis_is_the_one_of_scikit_learn(ridge: float, views: int) -> None:
    """Its shrinkage s is a ridge of s / (1 - s), and makes the weights 1 / (1 - s) times as large."""
    points, targets = clouds(300, 4, 30)
    views_of = np.stack([points + np.float32(0.1 * number) * points[::-1] for number in range(views)])
    rows = np.flatnonzero(np.arange(300) % 3)
    fitter = HeadFitter.of(views_of)
    everything, some = (fitter.head(each) for each in fitter.statistics(targets, [np.arange(300), rows]).weights(ridge))
    shrinkage = ridge / (1 + ridge)
    for head, part in ((everything, np.arange(300)), (some, rows)):
        other = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
        other.fit(views_of[:, part].reshape(-1, 30), np.tile(targets[part], views))
        weight = other.coef_ * (1 - shrinkage)
        difference = np.abs((head.weight - head.weight.mean(axis=0)) - (weight - weight.mean(axis=0))).max()
        assert difference < 1e-3 * np.abs(weight).max()
        at = head.logits(points) - (points @ weight.T + np.log(np.bincount(targets[part]) / len(part)))
        halves_of = -(weight * other.means_).sum(axis=1) / 2
        assert at - at.mean(axis=1, keepdims=True) == pytest.approx(
            np.tile(halves_of - halves_of.mean(), (300, 1)), abs=0.02
        )


def directions(count: int, seed: int = 0) -> tuple[Features, Targets]:
    """Categories that differ in the weak directions as much as in the strong ones, which vary for other reasons."""
    chance = np.random.default_rng(seed)
    targets = np.arange(count) % 6
    widths = 30 / (1 + np.arange(120))
    centres = np.random.default_rng(99).normal(size=(6, 120)) * 0.07
    return (centres[targets] + chance.normal(size=(count, 120)) * widths).astype(np.float32), targets


def test_where_weak_directions_count_the_discriminant_analysis_is_taken() -> None:
    points, targets = directions(360)
    probe = fit_probe(points[None], targets, fifths(360), Recorder())
    assert probe.blend.share > 0
    others, labels = directions(1200, seed=1)
    regression = fit_head(points, targets, replace(probe.blend, share=0.0))
    assert np.mean(probe.head.logits(others).argmax(axis=1) == labels) > 0.03 + np.mean(
        regression.logits(others).argmax(axis=1) == labels
    )


@pytest.mark.parametrize("hard", [False, True])
def test_the_discriminant_analysis_has_a_share_only_where_it_is_better_beyond_doubt(hard: bool) -> None:
    points, targets = directions(360) if hard else clouds(200, 4, 60, distance=0.0)
    split = fifths(len(targets))
    probe = fit_probe(points[None], targets, split, Recorder())
    parts = [fold.train for fold in split.folds]
    gains = {}
    for share in (0.5, 1.0):
        one, other = (
            probe.fitter.held_out(split, replace(probe.blend, share=each).fit(probe.fitter, targets, parts))
            for each in (0.0, share)
        )
        gains[share] = paired_gain(one, other, targets)
    assert (probe.blend.share > 0) == any(gain.is_beyond_doubt for gain in gains.values()) == hard


def test_a_fold_learns_nothing_from_what_it_holds_out() -> None:
    """Not even by way of the axes, which are those of all pictures: other labels there change no digit."""
    points, targets = clouds(90, 3, 30)
    split = fifths(90)
    spoilt = targets.copy()
    spoilt[split.folds[0].held_out] = (targets[split.folds[0].held_out] + 1) % 3
    fitter, parts = HeadFitter.of(points[None]), [split.folds[0].train]
    one, other = (fitter.fit(each, parts, 0.1) for each in (targets, spoilt))
    assert (one == other).all()
    assert (one != fitter.fit(spoilt, [split.learn], 0.1)).any()
    one, other = (fitter.statistics(each, parts).weights(0.1) for each in (targets, spoilt))
    assert (one == other).all()
    assert (one != fitter.statistics(spoilt, [split.learn]).weights(0.1)).any()


def test_problems_solved_side_by_side_do_not_disturb_each_other() -> None:
    points, targets = clouds(120, 3, 40)
    fitter, parts = HeadFitter.of(points[None]), [fold.train for fold in fifths(120).folds]
    together = fitter.fit(targets, parts, 1.0)
    for part, weights in zip(parts, together, strict=True):
        (alone,) = fitter.fit(targets, [part], 1.0)
        assert alone == pytest.approx(weights, abs=0.01 * float(np.abs(alone).max()))


def test_of_many_pictures_a_part_chooses_c_and_all_are_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    points, targets = clouds(600, 4, 30)
    usual = fit_probe(points[None], targets, fifths(600), Recorder())
    for module in (logistic_regression, principal_axes, softmax_regression):
        monkeypatch.setattr(module, "MANY", 300)
    quick = fit_probe(points[None], targets, fifths(600), Recorder(), usual.blend)
    assert quick.blend.c == usual.blend.c
    assert quick.held_out.logits == pytest.approx(usual.held_out.logits, abs=0.2)
    assert quick.head.logits(points) == pytest.approx(usual.head.logits(points), abs=0.2)


def test_a_category_of_one_picture_and_features_that_never_vary_are_no_trouble() -> None:
    points, targets = clouds(40, 3, 20)
    points[:, 5:9] = 0
    targets[targets == 2] = 1
    targets[0] = 2
    probe = fit_probe(points[None], targets, halves(40), Recorder())
    assert np.isfinite(probe.held_out.logits).all()
    assert np.mean(probe.head.logits(points).argmax(axis=1) == targets) > 0.8


def test_pictures_that_are_all_the_same_get_the_most_frequent_category() -> None:
    targets = np.array([0, 1, 1] * 10)
    head = fit_head(np.full((30, 8), 0.5, dtype=np.float32), targets, REGRESSION)
    assert head.probabilities(np.full((1, 8), 0.5))[0] == pytest.approx([1 / 3, 2 / 3], abs=0.01)
