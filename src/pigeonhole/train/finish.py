"""From what a recipe learnt to a model file: scores are calibrated, the gates are set, the result is judged."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from pigeonhole import __version__
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.knn_distance import Familiar, Neighbourhood, familiar, neighbourhood
from pigeonhole.evaluation.rejection import Judged, Line, draw_line
from pigeonhole.evaluation.temperature import calibrate
from pigeonhole.model import ModelCard
from pigeonhole.recipes.result import Learnt
from pigeonhole.train.cross_validation import Verdict, judge
from pigeonhole.train.model_file import append_head, compared_in_float16


@dataclass(frozen=True, slots=True)
class Finished:
    """The model file `onnx`, the `verdict` on it and its `line` to unknown (None: it always names a category).

    `scores` [H, C] are the calibrated answers to the held-out pictures, `unknown` [H] says which of them the gates
    would withhold. `probabilities` [M, C] and `distances` [M] (or None) are what the file has to answer to the sample
    in `Learnt`.
    """

    onnx: bytes
    card: ModelCard
    verdict: Verdict
    line: Line | None
    scores: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    probabilities: NDArray[np.floating]
    distances: NDArray[np.floating] | None


def finish(learnt: Learnt, precision: float | None) -> Finished:
    """`precision` (0 to 1) is the share of given answers that shall be right; None: no answer is `unknown`."""
    calibration = calibrate(learnt.held_out, learnt.targets)
    around = neighbourhood(learnt.dataset, learnt.looks, learnt.split, learnt.held_out)
    verdict = judge(learnt, calibration, around)
    head = Head(learnt.head.weight, learnt.head.bias, calibration.temperature)
    known = familiar(learnt.dataset, learnt.looks, learnt.split.learn) if learnt.frozen else None
    line = None if precision is None else _line(learnt, head, around, known, precision)
    if line is None:
        known = None
    probabilities = head.probabilities(learnt.sample_features)
    distances = known.distances(learnt.sample_looks, probabilities.argmax(axis=1)) if known else None
    card = _card(learnt, head, verdict, line)
    onnx = append_head(learnt.trunk, head, card, known, learnt.frozen_trunk)
    if learnt.int8 is None:
        onnx, card = compared_in_float16(onnx, card, learnt.sample)
    scores = softmax(learnt.held_out.logits / head.temperature, axis=1)
    unknown = _withheld(scores, around, line)
    return Finished(onnx, card, verdict, line, scores, unknown, probabilities, distances)


def _withheld(scores: NDArray[np.float64], around: Neighbourhood, line: Line | None) -> NDArray[np.bool_]:
    if line is None:
        return np.zeros(len(scores), dtype=bool)
    unsure: NDArray[np.bool_] = scores.max(axis=1) < line.min_score
    return unsure if line.max_distance is None else unsure | (around.distances > line.max_distance)


def _line(learnt: Learnt, head: Head, around: Neighbourhood, known: Familiar | None, precision: float) -> Line:
    logits = learnt.held_out.logits
    scores = softmax(logits / head.temperature, axis=1).max(axis=1)
    held_out = Judged(scores, logits.argmax(axis=1) == learnt.targets, around.distances if learnt.frozen else None)
    return draw_line(held_out, _strangers(learnt, head, known), precision)


def _strangers(learnt: Learnt, head: Head, known: Familiar | None) -> Judged | None:
    """What the finished model says of pictures that are of none of the categories; it has learnt from none of them."""
    if not len(learnt.stranger_features):
        return None
    probabilities = head.probabilities(learnt.stranger_features)
    answers = probabilities.argmax(axis=1)
    distances = known.distances(learnt.stranger_looks, answers) if known else None
    return Judged(probabilities.max(axis=1), np.zeros(len(answers), dtype=bool), distances)


def _card(learnt: Learnt, head: Head, verdict: Verdict, line: Line | None) -> ModelCard:
    return ModelCard(
        labels=learnt.dataset.categories,
        preprocessing=learnt.preprocessing,
        recipe=learnt.recipe,
        backbone=learnt.backbone,
        temperature=head.temperature,
        unknown=line.as_metadata() if line else None,
        metrics=verdict.as_metadata(),
        training_set=learnt.dataset.digest,
        version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        int8=learnt.int8.as_metadata() if learnt.int8 else None,
    )
