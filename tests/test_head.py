import numpy as np
import pytest

from pigeonhole.evaluation.head import Head, best_temperature


def test_probabilities_sum_to_one_and_follow_the_temperature() -> None:
    head = Head(np.eye(3), np.zeros(3))
    cool, warm = (Head(head.weight, head.bias, each).probabilities(np.eye(3)) for each in (0.5, 2.0))
    assert cool.sum(axis=1) == pytest.approx(1)
    assert (cool.max(axis=1) > warm.max(axis=1)).all()


def test_overconfident_logits_get_a_temperature_that_calibrates_them() -> None:
    chance = np.random.default_rng(0)
    logits = chance.normal(size=(5000, 4))
    targets = np.array([chance.choice(4, p=np.exp(row) / np.exp(row).sum()) for row in logits])
    assert best_temperature(logits * 3, targets) == pytest.approx(3, rel=0.1)


def test_a_few_pictures_that_are_all_right_do_not_make_a_score_certain() -> None:
    logits = np.eye(2)[np.arange(10) % 2] * 8
    head = Head(np.eye(2), np.zeros(2), best_temperature(logits, np.arange(10) % 2))
    assert 0.9 < head.probabilities(logits).max() < 0.99  # without a temperature it would be 0.9997
