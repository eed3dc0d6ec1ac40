"""A training from beginning to end: pictures → what a recipe learns from them → model file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pigeonhole import __version__
from pigeonhole.errors import OutputError, UsageError, WeightsError
from pigeonhole.model import ModelCard
from pigeonhole.naming import shown
from pigeonhole.output import Output
from pigeonhole.train.dataset import read_dataset
from pigeonhole.train.graph import append_head
from pigeonhole.train.head import Head, best_temperature
from pigeonhole.train.learnt import Learnt
from pigeonhole.train.metrics import Verdict, judge
from pigeonhole.train.publish import publish_model
from pigeonhole.train.recipes import learn_probe, learn_scratch
from pigeonhole.train.weights import DEFAULT_BACKBONE, Weights, download_weights, find_weights

Recipe = Literal["auto", "probe", "scratch"]
DATA = "data"
MODEL = "model.onnx"


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """`backbone` and `weights` None: whatever lies in TF_FILES/weights, else the default network's, downloaded."""

    recipe: Recipe = "auto"
    backbone: str | None = None
    weights: Path | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TrainingResult:
    model: Path
    verdict: Verdict


def train(tf_files: Path, options: TrainingOptions, output: Output) -> TrainingResult:
    """Learn from TF_FILES/data/<category>/ and write TF_FILES/model.onnx.

    Raises a PigeonholeError where that cannot be; the previous model then stays.
    """
    if options.recipe == "scratch" and (options.weights or options.backbone):
        raise UsageError("Recipe scratch takes no backbone and no weights.", "Leave them out, or use --recipe probe.")
    dataset = read_dataset(tf_files / DATA)
    for one, other in dataset.labelled_twice():
        output.warn(f"the same picture in two categories: {shown(one.found.path)} and {shown(other.found.path)}")
    output.note(f"Learning from {len(dataset.examples)} pictures in {len(dataset.categories)} categories.")
    try:
        weights = _weights(tf_files, options, output)
        if weights is None:
            learnt = learn_scratch(dataset, options.seed, output)
        else:
            output.note(f"Backbone {weights.backbone}, {weights.origin}.")
            learnt = learn_probe(tf_files, dataset, weights, options.seed, output)
    except OSError as error:
        raise OutputError(f"{shown(tf_files)} cannot be written: {error.strerror or error}.") from error
    for problem in learnt.dataset.left_out:
        output.warn(f"left out: {shown(problem.path)}: {problem.reason}")
    logits = learnt.held_out.logits
    head = Head(learnt.head.weight, learnt.head.bias, best_temperature(logits, learnt.targets))
    verdict = judge(logits, learnt.targets, learnt.dataset.categories, head.temperature, learnt.split.description)
    model = tf_files / MODEL
    onnx = append_head(learnt.trunk, head, _card(learnt, head, verdict))
    publish_model(model, onnx, learnt.sample, head.probabilities(learnt.sample_features))
    return TrainingResult(model, verdict)


def _weights(tf_files: Path, options: TrainingOptions, output: Output) -> Weights | None:
    """None means: learn from scratch."""
    if options.recipe == "scratch":
        return None
    weights = find_weights(tf_files, options.backbone, options.weights)
    if weights is not None:
        return weights
    try:
        return download_weights(tf_files, options.backbone or DEFAULT_BACKBONE)
    except WeightsError as error:
        if options.recipe == "probe" or options.backbone:
            raise
        output.warn(str(error))
        output.warn("Learning from scratch instead, which is far weaker.")
        return None


def _card(learnt: Learnt, head: Head, verdict: Verdict) -> ModelCard:
    return ModelCard(
        labels=learnt.dataset.categories,
        preprocessing=learnt.preprocessing,
        recipe=learnt.recipe,
        backbone=learnt.backbone,
        temperature=head.temperature,
        unknown=None,
        metrics=verdict.as_metadata(),
        training_set=learnt.dataset.digest,
        version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
