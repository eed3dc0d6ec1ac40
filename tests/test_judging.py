"""How good a model is said to be, how honest its scores are, and where it draws the line to `unknown`."""

import numpy as np
import pytest

from learning import learnt
from pigeonhole.evaluation.calibration_error import expected_calibration_error
from pigeonhole.evaluation.head import log_loss
from pigeonhole.evaluation.knn_distance import familiar, neighbourhood
from pigeonhole.evaluation.rejection import Judged, draw_line
from pigeonhole.evaluation.temperature import calibrate
from pigeonhole.train.cross_validation import judge

COUNT = 4000


def overconfident(sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax would be honest, were they not `sharpness` times too large."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(size=(COUNT, 3)) * 2
    likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return logits * sharpness, np.array([chance.choice(3, p=row) for row in likely])


def test_a_verdict_counts_names_what_is_confused_and_compares() -> None:
    answers, targets = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 0, 0, 1, 1, 2])
    outcome = learnt(np.eye(3)[answers] * 5, targets)
    around = neighbourhood(outcome.dataset, outcome.looks, outcome.split, outcome.held_out)
    calibration = calibrate(outcome.held_out, outcome.targets)
    verdict = judge(outcome, calibration, around)
    assert verdict.confused == (("a", "b", 1),)
    assert verdict.sentence == "5 of 6 pictures right (83.3 %, 95 % interval 43.6 to 97.0 %), of these."
    assert verdict.log_loss == pytest.approx(log_loss(np.eye(3)[answers] * 5, targets, calibration.temperature))
    # Each half knows the other: 0 0 0 says 0 to all (none right), 1 1 2 says 1 (none right).
    assert verdict.majority == 0
    assert verdict.neighbours == 0


def test_a_temperature_makes_overconfident_scores_honest() -> None:
    logits, targets = overconfident(sharpness=3)
    outcome = learnt(logits, targets)
    calibration = calibrate(outcome.held_out, outcome.targets)
    assert calibration.temperature == pytest.approx(3, rel=0.15)
    assert calibration.error_before > 0.15
    assert calibration.error_after < 0.06


def test_the_calibration_error_is_the_gap_between_score_and_truth() -> None:
    always_nine = np.full(10, 0.9)
    assert expected_calibration_error(always_nine, np.arange(10) < 9) == pytest.approx(0)
    assert expected_calibration_error(always_nine, np.arange(10) < 5) == pytest.approx(0.4)


def test_the_score_gate_reaches_the_precision_asked_for_with_as_many_answers_as_can_be() -> None:
    chance = np.random.default_rng(1)
    scores = chance.uniform(0.5, 1, 2000)
    right = chance.uniform(size=2000) < scores  # honest: half of those with 0.5 are right
    line = draw_line(Judged(scores, right, None), None, precision=0.9)
    given = scores >= line.min_score
    assert right[given].mean() >= 0.9
    assert line.reached == pytest.approx(right[given].mean())
    assert line.answered == pytest.approx(given.mean())
    lower = np.sort(scores)[np.searchsorted(np.sort(scores), line.min_score) - 50 :]
    assert right[scores >= lower[0]].mean() < 0.9  # fifty more answers would be too many


def test_without_mistakes_every_score_is_enough() -> None:
    line = draw_line(Judged(np.linspace(0.4, 1, 50), np.ones(50, dtype=bool), None), None, precision=0.95)
    assert (line.min_score, line.answered, line.reached) == (0.0, 1.0, 1.0)


def test_a_precision_that_cannot_be_reached_is_said() -> None:
    line = draw_line(Judged(np.linspace(0.4, 1, 50), np.zeros(50, dtype=bool), None), None, precision=0.95)
    assert "(95 % cannot be reached)" in line.sentence


def test_the_distance_gate_keeps_nearly_all_of_what_was_held_out() -> None:
    distances = np.random.default_rng(2).uniform(0.2, 0.8, 1000)
    line = draw_line(Judged(np.ones(1000), np.ones(1000, dtype=bool), distances), None, precision=0.95)
    assert line.max_distance is not None
    assert (distances <= line.max_distance).mean() == pytest.approx(0.97, abs=0.002)


def test_few_pictures_give_a_distance_gate_that_keeps_them_all() -> None:
    distances = np.linspace(0.2, 0.6, 6)
    line = draw_line(Judged(np.ones(6), np.ones(6, dtype=bool), distances), None, precision=0.95)
    assert line.max_distance == pytest.approx(0.66)


def test_strangers_move_both_gates() -> None:
    chance = np.random.default_rng(3)
    known = Judged(chance.uniform(0.8, 1, 200), np.ones(200, dtype=bool), chance.uniform(0.2, 0.7, 200))
    far = Judged(chance.uniform(0.5, 1, 100), np.zeros(100, dtype=bool), chance.uniform(0.6, 1.2, 100))
    near_but_unsure = Judged(chance.uniform(0.4, 0.7, 100), np.zeros(100, dtype=bool), chance.uniform(0.2, 0.5, 100))
    alone, with_far = draw_line(known, None, 0.95), draw_line(known, far, 0.95)
    assert alone.max_distance is not None
    assert with_far.max_distance is not None
    assert with_far.max_distance < alone.max_distance
    assert with_far.rejected is not None
    assert with_far.rejected > 0.85
    with_near = draw_line(known, near_but_unsure, 0.95)
    assert alone.min_score == 0.0
    assert 0.6 < with_near.min_score <= 0.8
    assert with_near.rejected is not None
    assert with_near.rejected > 0.85


def test_distances_are_to_the_category_that_was_answered() -> None:
    corners = np.eye(4)
    outcome = learnt(np.eye(2)[[0, 1, 0, 1]], np.array([0, 1, 0, 1]), looks=corners)
    known = familiar(outcome.dataset, outcome.looks, outcome.split.learn)
    assert known.distances(corners[:1] * 7, np.array([0])) == pytest.approx([0], abs=1e-3)
    assert known.distances(corners[:1] * 7, np.array([1])) == pytest.approx([np.sqrt(2)])
    assert known.nearest(corners).tolist() == [0, 1, 0, 1]


def test_a_model_remembers_a_bounded_number_of_pictures_of_every_category() -> None:
    chance = np.random.default_rng(4)
    targets = (chance.uniform(size=5000) < 0.1).astype(np.int64)
    looks = chance.normal(size=(5000, 4))
    outcome = learnt(np.eye(2)[targets], targets, looks=looks)
    known = familiar(outcome.dataset, outcome.looks, outcome.split.learn)
    counts = np.bincount(known.targets)
    assert counts[0] == 1024
    assert counts[1] == min(1024, int(targets.sum()))
