"""From what a recipe learnt to a model file: scores are calibrated, the thresholds are chosen, the result is judged."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from pigeonhole import __version__
from pigeonhole.evaluation.feature_distance import Familiarity, fit_distance
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.rejection import Answered, RejectionThresholds, choose_thresholds
from pigeonhole.evaluation.temperature import Calibration, calibrate
from pigeonhole.model import ModelCard
from pigeonhole.recipes.result import Learnt
from pigeonhole.train.cross_validation import Verdict, judge
from pigeonhole.train.model_file import append_head
from pigeonhole.vectors import softmax


@dataclass(frozen=True, slots=True)
class Finished:
    """The model file `onnx`, the `verdict` on it and its `thresholds` for unknown (None: it always names a category).

    `scores` [H, C] are the calibrated answers to the held-out pictures, each at a temperature that had not seen it;
    `unknown` [H] says which of them the thresholds would withhold. `probabilities` [M, C] and `distances` [M] (or None)
    are what the file has to answer to the sample in `Learnt`.
    """

    onnx: bytes
    card: ModelCard
    verdict: Verdict
    thresholds: RejectionThresholds | None
    scores: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    probabilities: NDArray[np.floating]
    distances: NDArray[np.floating] | None


def finish(learnt: Learnt, precision: float | None) -> Finished:
    """`precision` (0 to 1) is the share of given answers that shall be right; None: no answer is `unknown`."""
    calibration = calibrate(learnt.held_out, learnt.targets)
    verdict = judge(learnt, calibration)
    head = Head(learnt.head.weight, learnt.head.bias, calibration.temperature)
    familiarity, thresholds = None, None
    if precision is not None:
        if learnt.frozen:
            familiarity = fit_distance(learnt.dataset, learnt.looks, learnt.split, learnt.held_out)
        known = _held_out(learnt, calibration, familiarity)
        thresholds = choose_thresholds(known, _unknown(learnt, head, familiarity), precision)
    distance = familiarity.distance if familiarity else None
    probabilities = head.probabilities(learnt.sample_features)
    distances = distance.distances(learnt.sample_looks, head.logits(learnt.sample_features)) if distance else None
    card = _card(learnt, head, verdict, thresholds)
    onnx = append_head(learnt.trunk, head, card, distance, learnt.frozen_trunk)
    unknown = np.zeros(len(learnt.targets), dtype=bool)
    if thresholds is not None:
        known = _held_out(learnt, calibration, familiarity)
        unknown = ~known.accepted(thresholds.min_score, thresholds.max_distance)
    return Finished(onnx, card, verdict, thresholds, calibration.scores, unknown, probabilities, distances)


def _held_out(learnt: Learnt, calibration: Calibration, familiarity: Familiarity | None) -> Answered:
    scores = calibration.scores.max(axis=1)
    right = learnt.held_out.logits.argmax(axis=1) == learnt.targets
    return Answered(scores, right, familiarity.held_out if familiarity else None, learnt.held_out.folds)


def _unknown(learnt: Learnt, head: Head, familiarity: Familiarity | None) -> Answered | None:
    """What the finished model says of the pictures of data/unknown; it has learnt from none of them."""
    if not len(learnt.stranger_features):
        return None
    logits = head.logits(learnt.stranger_features)
    scores = softmax(logits / head.temperature).max(axis=1)
    distances = familiarity.distance.distances(learnt.stranger_looks, logits) if familiarity else None
    nobody = np.zeros(len(scores), dtype=np.int64)
    return Answered(scores, nobody.astype(bool), distances, nobody)


def _card(learnt: Learnt, head: Head, verdict: Verdict, thresholds: RejectionThresholds | None) -> ModelCard:
    return ModelCard(
        labels=learnt.dataset.categories,
        preprocessing=learnt.preprocessing,
        recipe=learnt.recipe,
        backbone=learnt.backbone,
        temperature=head.temperature,
        unknown=thresholds.as_metadata() if thresholds else None,
        metrics=verdict.as_metadata(),
        training_set=learnt.dataset.digest,
        version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        int8=learnt.int8.as_metadata() if learnt.int8 else None,
    )
