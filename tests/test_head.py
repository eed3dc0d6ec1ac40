import numpy as np
import pytest

from learning import halves
from pigeonhole.evaluation.head import Head, best_temperature
from pigeonhole.recipes.logistic_regression import fit_probe


def blobs(count: int, categories: int, features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    targets = np.arange(count) % categories
    centres = chance.normal(size=(categories, features)) * 2
    return (centres[targets] + chance.normal(size=(count, features))).astype(np.float32), targets


@pytest.mark.parametrize(("count", "categories", "features"), [(40, 2, 100), (400, 2, 10), (60, 5, 30), (30, 5, 300)])
def test_a_probe_tells_separate_blobs_apart(count: int, categories: int, features: int) -> None:
    points, targets = blobs(count, categories, features)
    probe = fit_probe(points[None], targets, halves(count), lambda: None)
    assert probe.head.weight.shape == (categories, features)
    assert (probe.head.logits(points).argmax(axis=1) == targets).mean() > 0.95
    held_out = probe.held_out
    assert (held_out.logits.argmax(axis=1) == targets[held_out.rows]).mean() > 0.8


def test_the_shortcut_for_few_pictures_gives_the_same_head() -> None:
    """Fitting in the space that the pictures span changes nothing: padding with zeros makes it take the other way."""
    points, targets = blobs(50, 3, 49)
    short = fit_probe(np.pad(points, ((0, 0), (0, 2)))[None], targets, halves(50), lambda: None).head
    whole = fit_probe(points[None], targets, halves(50), lambda: None).head
    scale = np.abs(whole.weight).max()
    assert np.abs(short.weight[:, :49] * np.sqrt(51 / 49) - whole.weight).max() < 0.15 * scale


def test_probabilities_sum_to_one_and_follow_the_temperature() -> None:
    head = Head(np.eye(3), np.zeros(3))
    cool, warm = (Head(head.weight, head.bias, each).probabilities(np.eye(3)) for each in (0.5, 2.0))
    assert cool.sum(axis=1) == pytest.approx(1)
    assert (cool.max(axis=1) > warm.max(axis=1)).all()


def test_overconfident_logits_get_a_temperature_that_makes_them_honest() -> None:
    chance = np.random.default_rng(0)
    logits = chance.normal(size=(5000, 4))
    targets = np.array([chance.choice(4, p=np.exp(row) / np.exp(row).sum()) for row in logits])
    assert best_temperature(logits * 3, targets) == pytest.approx(3, rel=0.1)


def test_a_few_pictures_that_are_all_right_do_not_make_a_score_certain() -> None:
    logits = np.eye(2)[np.arange(10) % 2] * 8
    head = Head(np.eye(2), np.zeros(2), best_temperature(logits, np.arange(10) % 2))
    assert head.probabilities(logits).max() == pytest.approx(11 / 12, abs=0.01)
