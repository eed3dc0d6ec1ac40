"""The fit that every probe comes from, held to scikit-learn's."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from learning import halves
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import Head, log_loss
from pigeonhole.output import Recorder
from pigeonhole.recipes import logistic_regression
from pigeonhole.recipes.logistic_regression import PATH, HeadFitter, Probe, fit_head, fit_probe
from pigeonhole.vectors import one_thread_each

Features = NDArray[np.float32]
Targets = NDArray[np.int64]


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
    own = fit_head(seen, targets[:count], c).logits(new)
    other = by_scikit_learn(seen, targets[:count], c, np.arange(count)).logits(new)
    assert log_loss(own, labels) == pytest.approx(log_loss(other, labels), rel=0.01)
    assert np.mean(own.argmax(axis=1) == other.argmax(axis=1)) >= 0.985


def test_the_heads_of_all_folds_are_those_of_scikit_learn() -> None:
    points, targets = clouds(150, 4, 40)
    probe = fit_probe(points[None], targets, fifths(150), Recorder())
    logits = [
        by_scikit_learn(points, targets, probe.c, fold.train).logits(points[fold.held_out])
        for fold in fifths(150).folds
    ]
    labels = targets[probe.held_out.rows]
    assert log_loss(probe.held_out.logits, labels) == pytest.approx(log_loss(np.concatenate(logits), labels), rel=0.01)


def test_c_is_the_one_with_the_least_held_out_loss() -> None:
    points, targets = clouds(200, 4, 60)

    def loss(probe: Probe) -> float:
        return log_loss(probe.held_out.logits, targets[probe.held_out.rows])

    chosen = fit_probe(points[None], targets, fifths(200), Recorder())
    alone = {c: loss(fit_probe(points[None], targets, fifths(200), Recorder(), (c,))) for c in PATH}
    assert PATH[0] < chosen.c < PATH[-1]
    assert chosen.c == min(alone, key=lambda c: alone[c])
    assert loss(chosen) == pytest.approx(alone[chosen.c], rel=0.005)  # wherever the fit began


def test_a_fold_learns_nothing_from_what_it_holds_out() -> None:
    """Not even by way of the axes, which are those of all pictures: other labels there change no digit."""
    points, targets = clouds(90, 3, 30)
    split = fifths(90)
    spoilt = targets.copy()
    spoilt[split.folds[0].held_out] = (targets[split.folds[0].held_out] + 1) % 3
    one, other = (HeadFitter.of(points[None]).fit(each, [split.folds[0].train], 0.1) for each in (targets, spoilt))
    assert (one == other).all()
    assert (one != HeadFitter.of(points[None]).fit(spoilt, [split.learn], 0.1)).any()


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
    monkeypatch.setattr(logistic_regression, "MANY", 300)
    quick = fit_probe(points[None], targets, fifths(600), Recorder(), (*PATH[:2], usual.c))
    assert quick.c == usual.c
    assert quick.held_out.logits == pytest.approx(usual.held_out.logits, abs=0.1)
    assert quick.head.logits(points) == pytest.approx(usual.head.logits(points), abs=0.1)


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
    head = fit_head(np.full((30, 8), 0.5, dtype=np.float32), targets, 1.0)
    assert head.probabilities(np.full((1, 8), 0.5))[0] == pytest.approx([1 / 3, 2 / 3], abs=0.01)
