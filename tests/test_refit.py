"""A head learnt again after labels changed: what the page that corrects labels stands on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.dataset.split import make_split
from pigeonhole.errors import DataError
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.heads.blended_head import fit_probe
from pigeonhole.heads.refit import refit
from pigeonhole.output import Recorder
from pigeonhole.records import Found
from test_logistic_regression import clouds


def labelled(count: int, categories: int, distance: float = 1.0) -> tuple[NDArray[np.float32], list[str]]:
    features, targets = clouds(count, categories, 60, distance)
    return features, ["abcdefghij"[target] for target in targets]


def with_mistakes(labels: list[str], rows: list[int]) -> list[str]:
    return ["a" if row in rows and label != "a" else label for row, label in enumerate(labels)]


def test_corrected_labels_lead_to_the_head_that_they_alone_would_have() -> None:
    features, labels = labelled(200, 4)
    before = refit(features, with_mistakes(labels, list(range(0, 200, 9))))
    after = refit(features, labels, before)
    alone = refit(features, labels)
    if after.blend == alone.blend:
        assert (after.out_of_fold == alone.out_of_fold).all()
        assert (after.head.weight == alone.head.weight).all()
    assert after.accuracy.right > before.accuracy.right
    assert after.accuracy.right == pytest.approx(alone.accuracy.right, abs=4)


def test_what_a_head_says_of_a_picture_does_not_depend_on_that_pictures_label() -> None:
    """Neither by its own head, nor by what was kept of an earlier one that had learnt the label."""
    features, labels = labelled(150, 3)
    first = refit(features, labels)
    told = refit(features, labels, first)
    for row in (0, 40, 149):
        others = [label if place != row else "abc"["abc".index(label) - 1] for place, label in enumerate(labels)]
        other = refit(features, others, told)
        assert other.out_of_fold[row] == pytest.approx(told.out_of_fold[row], abs=0.1)


def test_out_of_fold_answers_are_as_good_as_those_to_pictures_never_seen() -> None:
    features, labels = labelled(1200, 4)
    known = refit(features[:300], labels[:300])
    said = np.array(known.categories)[known.probabilities(features[300:]).argmax(axis=1)]
    truth = float(np.mean(said == np.array(labels[300:])))
    low, high = known.accuracy.interval
    assert low < truth < high
    assert high - low < 0.25
    assert known.out_of_fold.shape == (300, 4)
    assert known.out_of_fold.sum(axis=1) == pytest.approx(1)
    right = np.array(known.categories)[known.out_of_fold.argmax(axis=1)] == np.array(labels[:300])
    assert right.sum() == known.accuracy.right


def test_labels_without_a_meaning_are_not_learnt() -> None:
    features, _ = labelled(300, 3)
    nonsense = ["abc"[number] for number in np.random.default_rng(0).integers(0, 3, 300)]
    assert refit(features, nonsense).accuracy.share < 0.45


def test_copies_are_held_out_together() -> None:
    features, _ = labelled(120, 3)
    nonsense = ["abc"[number] for number in np.random.default_rng(0).integers(0, 3, 120)]
    twice, labels = np.concatenate([features, features]), nonsense * 2
    assert refit(twice, labels).accuracy.share < 0.5
    groups = np.tile(np.arange(120), 2)
    moved = twice + np.float32(1e-3)  # no copies byte for byte
    moved[:120] = features
    assert refit(moved, labels).accuracy.share > 0.6, "near-duplicates that nobody named flatter"
    assert refit(moved, labels, groups=groups).accuracy.share < 0.5


def test_with_the_digests_and_groups_of_a_training_its_figures_come_back() -> None:
    features, labels = labelled(90, 3)
    digests = [f"{row * 7919 % 90:064x}" for row in range(90)]
    examples = [
        Example(Found(Path(f"{row}.png"), Path(f"{row}.png")), label, sha256)
        for row, (label, sha256) in enumerate(zip(labels, digests, strict=True))
    ]
    groups = np.arange(90) // 2
    split = make_split(Dataset(tuple(examples), ()), groups, 0)
    targets = np.array(["abc".index(label) for label in labels])
    trained: OutOfFold = fit_probe(features[None], targets, split, Recorder()).held_out
    again = refit(features, labels, digests=digests, groups=groups)
    assert again.accuracy.right == int((trained.logits.argmax(axis=1) == targets[trained.rows]).sum())


def test_pictures_and_categories_may_come_and_go() -> None:
    features, labels = labelled(200, 5)
    some = [row for row, label in enumerate(labels) if label != "e"]
    fewer = refit(features[some], [labels[row] for row in some])
    assert fewer.categories == ("a", "b", "c", "d")
    more = refit(features, labels, fewer)
    alone = refit(features, labels)
    assert more.categories == ("a", "b", "c", "d", "e")
    assert more.blend == alone.blend
    assert (more.out_of_fold == alone.out_of_fold).all()


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a"] * 6, "fewer than two categories"),
        ([], "fewer than two categories"),
        (["a", "a", "b", "b", "c", "b"], r"fewer than 2 different pictures: c\."),
    ],
)
def test_too_few_pictures_are_refused_in_a_sentence(labels: list[str], sentence: str) -> None:
    features = np.random.default_rng(0).normal(size=(len(labels), 8)).astype(np.float32)
    with pytest.raises(DataError, match=sentence):
        refit(features, labels)


def test_two_pictures_of_each_are_enough_for_an_answer() -> None:
    features, labels = labelled(4, 2)
    refitted = refit(features, labels)
    low, high = refitted.accuracy.interval
    assert high - low > 0.5
    assert np.isfinite(refitted.probabilities(features)).all()


def test_refitting_loads_nothing_heavier_than_numpy() -> None:
    script = (
        "import sys, numpy as np; from pigeonhole.heads.refit import refit\n"
        "refit(np.random.default_rng(0).normal(size=(40, 9)).astype('f4'), list('ab') * 20)\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert not {"torch", "sklearn", "scipy", "onnx", "onnxruntime", "matplotlib"} & set(loaded)
