"""The metrics of a training, the calibration of its scores, and its thresholds for `unknown`."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from learning import trained
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.calibration_error import expected_calibration_error
from pigeonhole.evaluation.feature_distance import fit_distance
from pigeonhole.evaluation.head import best_temperature
from pigeonhole.evaluation.nearest_neighbour import nearest_categories
from pigeonhole.evaluation.proportion import Proportion, cross_validated, wilson
from pigeonhole.evaluation.rejection import Answered, choose_thresholds
from pigeonhole.evaluation.temperature import calibrate
from pigeonhole.train.cross_validation import held_out_metrics

COUNT = 4000


def overconfident(sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax would be calibrated, were they not `sharpness` times too large."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(size=(COUNT, 3)) * 2
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return logits * sharpness, np.array([chance.choice(3, p=row) for row in likely])


def test_a_verdict_counts_names_what_is_confused_and_compares() -> None:
    answers, targets = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 0, 0, 1, 1, 2])
    outcome = trained(np.eye(3)[answers] * 5, targets)
    metrics = held_out_metrics(outcome, calibrate(outcome.held_out, outcome.targets))
    assert metrics.confused == (("a", "b", 1),)
    assert metrics.sentence.startswith("Accuracy: 83.3 % (5 of 6 pictures; 95 % confidence interval ")
    assert metrics.sentence.endswith("), of these.")
    assert metrics.majority == 3  # of those held out, so that it is not below chance
    assert metrics.neighbours == 0  # each half knows the other: 0 0 0 says 0 to all, 1 1 2 says 1


def test_a_temperature_calibrates_overconfident_scores() -> None:
    logits, targets = overconfident(sharpness=3)
    outcome = trained(logits, targets)
    calibration = calibrate(outcome.held_out, outcome.targets)
    assert calibration.temperature == pytest.approx(3, rel=0.15)
    assert calibration.error < 0.06
    right = logits.argmax(axis=1) == targets
    assert expected_calibration_error(np.exp(logits).max(axis=1) / np.exp(logits).sum(axis=1), right) > 0.15


def test_the_calibration_error_said_is_that_of_scores_whose_temperature_had_not_seen_them() -> None:
    """Pure noise: what is fitted to the pictures themselves would look better than what is said."""
    chance = np.random.default_rng(0)
    logits, targets = chance.normal(size=(40, 4)) * 6, np.arange(40) % 4
    outcome = trained(logits, targets)
    calibration = calibrate(outcome.held_out, outcome.targets)
    by_row = np.argsort(outcome.held_out.rows)
    answers = outcome.held_out.logits.argmax(axis=1) == outcome.targets
    assert calibration.error == expected_calibration_error(calibration.scores.max(axis=1), answers)
    first, second = by_row[:20], by_row[20:]
    for half, other in ((first, second), (second, first)):
        temperature = best_temperature(outcome.held_out.logits[other], outcome.targets[other])
        expected = outcome.held_out.logits[half] / temperature
        expected = np.exp(expected) / np.exp(expected).sum(axis=1, keepdims=True)
        assert calibration.scores[half] == pytest.approx(expected)


def test_few_pictures_leave_the_temperature_near_one() -> None:
    """Four pictures that are all wrong would ask for the largest temperature there is, and for scores of 1 / C."""
    logits = np.eye(8)[np.arange(4)] * 4
    assert 1 < best_temperature(logits, np.arange(4) + 4) < 3


def test_the_calibration_error_is_the_gap_between_score_and_truth() -> None:
    always_nine = np.full(10, 0.9)
    assert expected_calibration_error(always_nine, np.arange(10) < 9) == pytest.approx(0)
    assert expected_calibration_error(always_nine, np.arange(10) < 5) == pytest.approx(0.4)


def answered(
    scores: NDArray[np.float64], right: NDArray[np.bool_], distances: NDArray[np.float64] | None = None
) -> Answered:
    """Held out in five folds."""
    return Answered(scores, right, distances, np.arange(len(scores)) % 5)


def calibrated(count: int, seed: int) -> Answered:
    """Answers from 0.5 to 1, of which as many are right as the score says."""
    chance = np.random.default_rng(seed)
    scores = chance.uniform(0.5, 1, count)
    return answered(scores, chance.uniform(size=count) < scores)


def test_the_precision_asked_for_is_reached_on_other_pictures_too() -> None:
    reached = []
    for seed in range(20):
        thresholds = choose_thresholds(calibrated(300, seed), None, precision=0.9)
        assert thresholds.promised
        others = calibrated(3000, 100 + seed)
        given = others.accepted(thresholds.min_score, None)
        assert 0.2 < given.mean() < 0.6  # 0.4 of such answers could be given
        reached.append(others.right[given].mean())
        assert thresholds.reached == pytest.approx(reached[-1], abs=0.08)
    assert np.mean(reached) >= 0.9
    assert min(reached) >= 0.85  # two standard errors below, for the 120 answers that the threshold rests on


def test_what_is_reached_is_said_of_pictures_that_the_threshold_had_not_seen() -> None:
    """Scores that say nothing: the best threshold in hindsight says more than there is."""
    chance = np.random.default_rng(5)
    lucky = answered(chance.uniform(0.7, 0.99, 200), chance.uniform(size=200) < 0.8)
    thresholds = choose_thresholds(lucky, None, precision=0.85)
    others = answered(chance.uniform(0.7, 0.99, 20_000), chance.uniform(size=20_000) < 0.8)
    given = others.accepted(thresholds.min_score, None)
    assert thresholds.reached == pytest.approx(others.right[given].mean(), abs=0.07)


def test_without_mistakes_every_score_is_enough() -> None:
    thresholds = choose_thresholds(answered(np.linspace(0.9, 1, 100), np.ones(100, dtype=bool)), None, precision=0.95)
    assert (thresholds.min_score, thresholds.answered, thresholds.reached) == (0.0, 1.0, 1.0)
    assert thresholds.promised


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_too_few_pictures_are_said_to_be_too_few_instead_of_withholding_most_answers(share: float) -> None:
    scores = np.linspace(0.3, 0.9, 10)
    thresholds = choose_thresholds(answered(scores, np.arange(10) < 10 * share), None, precision=0.95)
    assert not thresholds.promised
    assert (thresholds.min_score, thresholds.answered) == (0.0, 1.0)
    assert "too few, or too hard, to promise 95 %" in thresholds.sentence


def test_the_distance_keeps_nearly_all_of_what_was_held_out() -> None:
    distances = np.random.default_rng(2).uniform(0.2, 0.8, 1000)
    thresholds = choose_thresholds(answered(np.ones(1000), np.ones(1000, dtype=bool), distances), None, precision=0.95)
    assert thresholds.max_distance is not None
    assert (distances <= thresholds.max_distance).mean() == pytest.approx(0.97, abs=0.002)
    assert thresholds.answered == pytest.approx(0.97, abs=0.01)


def test_few_pictures_give_a_largest_distance_that_keeps_them_all() -> None:
    distances = np.linspace(0.2, 0.6, 6)
    thresholds = choose_thresholds(answered(np.ones(6), np.ones(6, dtype=bool), distances), None, precision=0.95)
    assert thresholds.max_distance == pytest.approx(0.66)


def test_pictures_of_data_unknown_move_both_thresholds() -> None:
    chance = np.random.default_rng(3)
    known = answered(chance.uniform(0.9, 1, 200), np.ones(200, dtype=bool), chance.uniform(0.2, 0.7, 200))
    far = answered(chance.uniform(0.5, 1, 100), np.zeros(100, dtype=bool), chance.uniform(0.6, 1.2, 100))
    near_but_unsure = answered(chance.uniform(0.4, 0.7, 100), np.zeros(100, dtype=bool), chance.uniform(0.2, 0.5, 100))
    alone, with_far = choose_thresholds(known, None, 0.95), choose_thresholds(known, far, 0.95)
    assert alone.max_distance is not None
    assert with_far.max_distance is not None
    assert with_far.max_distance < alone.max_distance
    assert with_far.rejected is not None
    assert with_far.rejected > 0.85
    with_near = choose_thresholds(known, near_but_unsure, 0.95)
    assert alone.min_score == 0.0
    assert 0.6 < with_near.min_score <= 0.95
    assert with_near.rejected is not None
    assert with_near.rejected > 0.85


def in_a_plane(count: int, seed: int) -> NDArray[np.float64]:
    """Features of 60 numbers that lie near six directions, as those of one set of pictures do."""
    chance = np.random.default_rng(seed)
    directions = np.random.default_rng(0).normal(size=(6, 60))
    return chance.normal(size=(count, 6)) @ directions + 0.3 * chance.normal(size=(count, 60))


def test_features_of_another_kind_are_far_and_new_ones_of_the_same_kind_are_not() -> None:
    features, targets = in_a_plane(200, 1), np.arange(200) % 2
    outcome = trained(np.eye(2)[targets] * 4, targets, embeddings=features)
    fitted = fit_distance(outcome.dataset, outcome.embeddings, outcome.split, outcome.held_out)
    logits = np.eye(2)[np.arange(100) % 2] * 4
    same = fitted.distance.distances(in_a_plane(100, 2), logits)
    other = fitted.distance.distances(np.random.default_rng(3).normal(size=(100, 60)), logits)
    bound = np.quantile(fitted.held_out, 0.96)
    assert 0.88 <= (same <= bound).mean() <= 1
    assert (other > bound).all()
    unsure = fitted.distance.distances(in_a_plane(100, 2), logits / 8)
    assert (unsure >= same).all()


def test_a_picture_is_measured_without_the_pictures_of_its_group() -> None:
    """Copies would be familiar to each other: leaving a group out by algebra is the same as fitting without it."""
    features, targets = np.random.default_rng(1).normal(size=(40, 60)), np.arange(40) % 2
    features[1::4] = features[0::4] + 0.01
    logits = np.zeros((40, 2))
    outcome = trained(logits, targets, embeddings=features)
    groups = np.arange(40)
    groups[1::4] = groups[0::4]
    split = replace(outcome.split, groups=groups)
    fitted = fit_distance(outcome.dataset, outcome.embeddings, split, outcome.held_out)
    for row in (0, 1, 2):
        without = replace(split, learn=np.flatnonzero(groups != groups[row]))
        there = fit_distance(outcome.dataset, outcome.embeddings, without, outcome.held_out)
        (place,) = np.flatnonzero(outcome.held_out.rows == row)
        assert fitted.held_out[place] == pytest.approx(there.held_out[place], abs=0.02)
    alone = fit_distance(outcome.dataset, outcome.embeddings, outcome.split, outcome.held_out)
    assert alone.held_out[outcome.held_out.rows == 0] < fitted.held_out[outcome.held_out.rows == 0] - 0.05


def test_the_nearest_neighbour_is_looked_for_among_what_the_fold_learnt_from() -> None:
    corners = np.eye(4)[[0, 1, 0, 1]]
    outcome = trained(np.eye(2)[[0, 1, 0, 1]], np.array([0, 1, 0, 1]), embeddings=corners)
    nearest = nearest_categories(outcome.dataset, outcome.embeddings, outcome.split, outcome.held_out)
    assert nearest.tolist() == outcome.targets.tolist()


def test_an_interval_holds_the_share_that_it_is_about() -> None:
    for total in range(1, 600):
        for right in {0, 1, total // 2, total - 1, total}:
            low, high = Proportion(right, total).interval
            assert 0 <= low <= right / total <= high <= 1, (right, total)


@pytest.mark.parametrize(("right", "total"), [(0, 5), (5, 5), (8, 10), (477, 482)])
def test_independent_pictures_have_wilsons_interval(right: int, total: int) -> None:
    bounds = binomtest(right, total).proportion_ci(0.95, method="wilson")
    assert Proportion(right, total).interval == pytest.approx((bounds.low, bounds.high))


def test_an_accuracy_of_cross_validation_is_less_sure_than_that_of_as_many_new_pictures() -> None:
    right, rows = np.arange(100) < 80, np.arange(100)
    folds = tuple(Fold(np.flatnonzero(rows % 5 != number), np.flatnonzero(rows % 5 == number)) for number in range(5))
    accuracy = cross_validated(right, rows, Split(folds, rows, ""))
    low, high = wilson(0.8, 100 / 2.25)
    assert accuracy.interval == pytest.approx((low, 1 - (1 - high) * 0.8**0.5))
    one = cross_validated(right, rows, Split(folds[:1], rows, ""))
    assert one.interval == pytest.approx(wilson(0.8, 100))
    in_pairs = cross_validated(right, rows, Split(folds[:1], rows, "", rows // 2))
    assert in_pairs.interval == pytest.approx(wilson(0.8, 50))
