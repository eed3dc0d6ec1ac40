"""A training from beginning to end: pictures → what a recipe learns from them → model file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pigeonhole.errors import OutputError, UsageError, WeightsError
from pigeonhole.naming import shown
from pigeonhole.output import Output
from pigeonhole.train.dataset import VALID, read_dataset
from pigeonhole.train.finish import finish
from pigeonhole.train.gates import Line
from pigeonhole.train.metrics import Verdict
from pigeonhole.train.publish import publish_model
from pigeonhole.train.recipes import learn_probe, learn_scratch
from pigeonhole.train.sight import Sight
from pigeonhole.train.weights import Weights, obtain_weights

Recipe = Literal["auto", "probe", "scratch"]
MODEL = "model.onnx"
PRECISION = 0.95


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """`backbone` and `weights` None: whatever lies in TF_FILES/weights, else the default network's, downloaded.

    `precision` (0 to 1): how many of the answers shall be right; the others are `unknown`. None: none is.
    `sight`: how pictures are looked at.
    """

    recipe: Recipe = "auto"
    backbone: str | None = None
    weights: Path | None = None
    seed: int = 0
    precision: float | None = PRECISION
    sight: Sight = field(default_factory=Sight)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    model: Path
    verdict: Verdict
    line: Line | None


def train(tf_files: Path, options: TrainingOptions, output: Output) -> TrainingResult:
    """Learn from TF_FILES/data/<category>/ and write TF_FILES/model.onnx.

    Raises a PigeonholeError where that cannot be; the previous model then stays.
    """
    if options.recipe == "scratch" and (options.weights or options.backbone or options.sight != Sight()):
        raise UsageError(
            "Recipe scratch takes no backbone, no weights, no crop and no size.",
            "Leave them out, or use --recipe probe.",
        )
    dataset = read_dataset(tf_files)
    for one, other in dataset.labelled_twice():
        output.warn(f"the same picture in two categories: {shown(one.found.path)} and {shown(other.found.path)}")
    judges = sum(example.part == VALID for example in dataset.examples)
    but = f"; {judges} pictures of {VALID}/ judge it" if judges else ""
    count = len(dataset.examples) - judges
    output.note(f"Learning from {count} pictures in {len(dataset.categories)} categories{but}.")
    try:
        weights = _weights(tf_files, options, output)
        if weights is None:
            learnt = learn_scratch(tf_files, dataset, seed=options.seed, output=output)
        else:
            output.note(f"Backbone {weights.backbone}, {weights.origin}.")
            learnt = learn_probe(tf_files, dataset, weights, sight=options.sight, seed=options.seed, output=output)
    except OSError as error:
        raise OutputError(f"{shown(tf_files)} cannot be written: {error.strerror or error}.") from error
    for problem in learnt.dataset.left_out:
        output.warn(f"left out: {shown(problem.path)}: {problem.reason}")
    finished = finish(learnt, options.precision)
    model = tf_files / MODEL
    publish_model(model, finished.onnx, learnt.sample, finished.probabilities, finished.distances)
    return TrainingResult(model, finished.verdict, finished.line)


def _weights(tf_files: Path, options: TrainingOptions, output: Output) -> Weights | None:
    """None means: learn from scratch."""
    if options.recipe == "scratch":
        return None
    try:
        return obtain_weights(tf_files, options.backbone, options.weights)
    except WeightsError as error:
        if options.recipe == "probe" or options.backbone:
            raise
        output.warn(str(error))
        output.warn("Learning from scratch instead, which is far weaker.")
        return None
