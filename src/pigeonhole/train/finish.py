"""From a trained recipe to a model file: scores are calibrated, thresholds chosen, held-out pictures evaluated."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from pigeonhole import __version__
from pigeonhole.evaluation.feature_distance import FittedDistance, fit_distance
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.rejection import Answered, RejectionThresholds, choose_thresholds
from pigeonhole.evaluation.temperature import Calibration, calibrate
from pigeonhole.model import ModelCard
from pigeonhole.output import Stage, nothing
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.train.cross_validation import HeldOutMetrics, held_out_metrics
from pigeonhole.train.model_file import append_head
from pigeonhole.vectors import softmax


@dataclass(frozen=True, slots=True)
class Finished:
    """The model file `onnx`, held-out `metrics`, and `thresholds` for unknown (None: it always names a category).

    `scores` [H, C] are the calibrated answers to the held-out pictures, each at a temperature that had not seen it;
    `unknown` [H] says which of them the thresholds would withhold. `probabilities` [M, C] and `distances` [M] (or None)
    are what the file has to answer to the sample in `TrainedRecipe`.
    """

    onnx: bytes
    card: ModelCard
    metrics: HeldOutMetrics
    thresholds: RejectionThresholds | None
    scores: NDArray[np.float64]
    unknown: NDArray[np.bool_]
    probabilities: NDArray[np.floating]
    distances: NDArray[np.floating] | None


def steps(trained: TrainedRecipe) -> int:
    """How many times `finish` calls its `advance`."""
    return 2 * len(trained.split.folds) + 3


def finish(trained: TrainedRecipe, precision: float | None, advance: Stage = nothing) -> Finished:
    """`precision` (0 to 1) is the share of given answers that shall be right; None: no answer is `unknown`."""
    calibration = calibrate(trained.held_out, trained.targets, advance)
    metrics = held_out_metrics(trained, calibration, advance)
    head = Head(trained.head.weight, trained.head.bias, calibration.temperature)
    fitted, thresholds = None, None
    if precision is not None:
        if trained.frozen:
            fitted = fit_distance(trained.dataset, trained.embeddings, trained.split, trained.held_out)
        advance()
        known = _held_out(trained, calibration, fitted)
        thresholds = choose_thresholds(known, _unknown(trained, head, fitted), precision)
        advance()
    distance = fitted.distance if fitted else None
    probabilities = head.probabilities(trained.sample_features)
    distances = (
        distance.distances(trained.sample_embeddings, head.logits(trained.sample_features)) if distance else None
    )
    card = _card(trained, head, metrics, thresholds)
    onnx = append_head(trained.trunk, head, card, distance, trained.frozen_trunk)
    advance()
    unknown = np.zeros(len(trained.targets), dtype=bool)
    if thresholds is not None:
        known = _held_out(trained, calibration, fitted)
        unknown = ~known.accepted(thresholds.min_score, thresholds.max_distance)
    return Finished(onnx, card, metrics, thresholds, calibration.scores, unknown, probabilities, distances)


def _held_out(trained: TrainedRecipe, calibration: Calibration, fitted: FittedDistance | None) -> Answered:
    scores = calibration.scores.max(axis=1)
    right = trained.held_out.logits.argmax(axis=1) == trained.targets
    return Answered(scores, right, fitted.held_out if fitted else None, trained.held_out.folds)


def _unknown(trained: TrainedRecipe, head: Head, fitted: FittedDistance | None) -> Answered | None:
    """What the finished model says of the pictures of data/unknown; it was trained on none of them."""
    if not len(trained.ood_features):
        return None
    logits = head.logits(trained.ood_features)
    scores = softmax(logits / head.temperature).max(axis=1)
    distances = fitted.distance.distances(trained.ood_embeddings, logits) if fitted else None
    nobody = np.zeros(len(scores), dtype=np.int64)
    return Answered(scores, nobody.astype(bool), distances, nobody)


def _card(
    trained: TrainedRecipe, head: Head, metrics: HeldOutMetrics, thresholds: RejectionThresholds | None
) -> ModelCard:
    return ModelCard(
        labels=trained.dataset.categories,
        preprocessing=trained.preprocessing,
        recipe=trained.recipe,
        backbone=trained.backbone,
        temperature=head.temperature,
        unknown=thresholds.as_metadata() if thresholds else None,
        metrics=metrics.as_metadata(),
        training_set=trained.dataset.digest,
        version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        int8=trained.int8.as_metadata() if trained.int8 else None,
    )
