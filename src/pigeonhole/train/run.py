"""A training from beginning to end: pictures → what a recipe learns from them → model file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.dataset.folders import Dataset, read_dataset
from pigeonhole.errors import NotInt8Error, UsageError, not_written
from pigeonhole.evaluation.rejection import RejectionThresholds
from pigeonhole.finetuning.checkpoint import forget_checkpoints
from pigeonhole.model import load_model, model_bytes
from pigeonhole.model.session import has_gpu
from pigeonhole.output import Output, Silent
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice, is_good
from pigeonhole.recipes.probe import Probed, as_trained, probe_pictures
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.recipes.saved_network import remember
from pigeonhole.report.collector import Collector, collecting
from pigeonhole.report.report_data import ReportData
from pigeonhole.text import duration_text, printable
from pigeonhole.train.cross_validation import HeldOutMetrics
from pigeonhole.train.finish import finish, steps
from pigeonhole.train.publish import publish_model
from pigeonhole.train.report_content import account, collect
from pigeonhole.vectors import one_thread_each
from pigeonhole.workspace import VALID, Workspace

Recipe = Literal["auto", "probe", "finetune", "scratch"]
PRECISION = 0.95
ENOUGH_TO_TUNE = 500  # pictures, with a GPU
ENOUGH_ON_CPU = 100
FIGURES = 6  # of a report
OF_EPOCHS = 2  # more, where there were epochs
BEARABLE = 20.0  # seconds that fine-tuning may take without being asked for


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """`backbone` and `weights` None: whatever lies in TF_FILES/weights, else the default network's, downloaded, else
    the built-in one.

    `precision` (0 to 1): how many of the answers shall be right; the others are `unknown`. None: none is.
    `preprocessing`: crop and size, or that they are chosen by measurement. `report`: whether to write TF_FILES/report.
    `int8`: whether to quantise the network where that pays.
    """

    recipe: Recipe = "auto"
    backbone: str | None = None
    weights: Path | None = None
    seed: int = 0
    precision: float | None = PRECISION
    preprocessing: PreprocessingChoice = field(default_factory=PreprocessingChoice)
    report: bool = True
    int8: bool = False


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """`dataset` is what was trained on; `collected` has the pictures that were held out; `report` is the page, None
    where none was wanted. `int8` says what int8 gained, or why the model is in float32 nevertheless; empty where it was
    not asked for.
    """

    model: Path
    dataset: Dataset
    metrics: HeldOutMetrics
    thresholds: RejectionThresholds | None
    collected: Collector
    report: Path | None
    int8: str


def train(workspace: Workspace, options: TrainingOptions, output: Output) -> TrainingResult:
    """Learn from TF_FILES/data/<category>/ and write TF_FILES/model.onnx.

    Started by torchrun, all its processes fine-tune together; the first alone speaks and writes the model. Raises a
    PigeonholeError where it cannot be; the previous model then stays.
    """
    if not is_launched():
        return _train(workspace, options, output)
    from pigeonhole.finetuning import distributed

    with distributed.joined():
        return _train(workspace, options, output if distributed.rank() == 0 else Silent())


def is_launched() -> bool:
    """Whether torchrun started this process among others."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_first() -> bool:
    """Whether this process is the one that speaks and writes."""
    return os.environ.get("RANK", "0") == "0" or not is_launched()


def _train(workspace: Workspace, options: TrainingOptions, output: Output) -> TrainingResult:
    if options.recipe == "scratch" and (
        options.weights or options.backbone or options.preprocessing != PreprocessingChoice()
    ):
        raise UsageError(
            "Recipe scratch takes no backbone, no weights, no crop and no size.",
            "Leave them out, or use --recipe probe.",
        )
    dataset = read_dataset(workspace, output)
    for note in dataset.notes:
        output.note(note)
    for one, other in dataset.labelled_twice():
        output.warn(
            f"the same picture in two categories: {printable(one.found.path)} and {printable(other.found.path)}"
        )
    validation = sum(example.part == VALID for example in dataset.examples)
    but = f", validating on {validation} from {VALID}/" if validation else ""
    count = len(dataset.examples) - validation
    output.note(f"Learning from {count} pictures in {len(dataset.categories)} categories{but}.")
    refused = ""
    with _writing(workspace):
        trained = _learn(workspace, dataset, options, output)
        if options.int8 and is_first():
            trained, refused = _in_int8_if_it_pays(workspace, trained, output)
    for problem in trained.dataset.left_out:
        output.warn(f"left out: {printable(problem.path)}: {problem.reason}")
    result = _conclude(workspace, trained, options.precision, options.report, output)
    return replace(result, int8=refused) if refused else result


def quantize(workspace: Workspace, *, seed: int = 0, report: bool = True, output: Output) -> TrainingResult:
    """Put TF_FILES/model.onnx into int8, as `train` would have with `int8`.

    Raises a PigeonholeError where it cannot be, does not pay or changes too much; then the model stays.
    """
    from pigeonhole.recipes.int8_probe import in_int8, train_again

    path = workspace.model
    card = load_model(path).card
    with _writing(workspace):
        trained = in_int8(workspace, train_again(workspace, model_bytes(path), card, seed=seed, output=output), output)
    precision = card.unknown["precision"] if card.unknown else None
    return _conclude(workspace, trained, precision, report, output)


def _in_int8_if_it_pays(workspace: Workspace, trained: TrainedRecipe, output: Output) -> tuple[TrainedRecipe, str]:
    """`trained` in int8 and an empty string, or as it is and why."""
    from pigeonhole.recipes.int8_probe import in_int8

    try:
        return in_int8(workspace, trained, output), ""
    except NotInt8Error as refusal:
        return trained, refusal.happened


@contextmanager
def _writing(workspace: Workspace) -> Iterator[None]:
    """What the disk refuses becomes a sentence."""
    try:
        yield
    except OSError as error:
        raise not_written(f"{printable(workspace.root)}", error) from error


def _conclude(
    workspace: Workspace, trained: TrainedRecipe, precision: float | None, report: bool, output: Output
) -> TrainingResult:
    """Calibrate, evaluate, write the model file and, if it is wanted, the report."""
    model = workspace.model
    with output.stage("Finishing the model", steps(trained) + 1) as advance, one_thread_each():
        finished = finish(trained, precision, advance)
        if is_first():
            publish_model(model, finished.onnx, trained.sample, finished.probabilities, finished.distances)
        advance()
    if is_first():
        with _writing(workspace):
            remember(workspace, finished.onnx, trained.network)
            forget_checkpoints(workspace)
    folder = workspace.report if report and is_first() else None
    try:
        with collecting(folder, trained.dataset.categories) as collected:
            collect(trained, finished, collected, output)
        page = None if folder is None else _report(folder, account(trained, finished, collected, output), output)
    except OSError as error:
        raise not_written(f"{printable(workspace.report)}", error) from error
    int8 = trained.int8.sentence if trained.int8 else ""
    return TrainingResult(model, trained.dataset, finished.metrics, finished.thresholds, collected, page, int8)


def _report(folder: Path, content: ReportData, output: Output) -> Path:
    with output.stage("Drawing the report", FIGURES + OF_EPOCHS * bool(content.epochs)) as advance:
        from pigeonhole.report.write import write_report  # late: matplotlib and jinja2 come with it

        return write_report(folder, content, advance)


def _learn(workspace: Workspace, dataset: Dataset, options: TrainingOptions, output: Output) -> TrainedRecipe:
    if options.recipe == "scratch":
        from pigeonhole.recipes.scratch import train_scratch

        return train_scratch(workspace, dataset, seed=options.seed, output=output)
    weights = obtain_weights(workspace, options.backbone, options.weights)
    output.note(f"Backbone: {weights.backbone} ({weights.origin}).")
    with _first_alone():
        probed = probe_pictures(
            workspace, dataset, weights, preprocessing=options.preprocessing, seed=options.seed, output=output
        )
    if options.recipe == "finetune" or (options.recipe == "auto" and _is_worth_tuning(probed, output)):
        from pigeonhole.finetuning.finetune import train_finetune

        return train_finetune(workspace, probed, weights, seed=options.seed, output=output)
    return as_trained(probed)


@contextmanager
def _first_alone() -> Iterator[None]:
    """The first process goes through before the others, which then find in the cache what it has computed."""
    if not is_launched():
        yield
        return
    from pigeonhole.finetuning import distributed

    with distributed.first_alone():
        yield


def _is_worth_tuning(probed: Probed, output: Output) -> bool:
    """With a GPU, where there are enough pictures. Without, only where it is quick; else what it would take is said."""
    pictures = len(probed.dataset.examples)
    if has_gpu() or is_launched():  # several processes have to decide alike, and would not measure alike
        return has_gpu() and pictures >= ENOUGH_TO_TUNE
    if pictures < ENOUGH_ON_CPU or is_good(probed.probe, np.array(probed.dataset.targets)):
        return False
    from pigeonhole.finetuning.cost import expected_seconds

    seconds = expected_seconds(probed.backbone, probed.split, probed.dataset.examples)
    if seconds <= BEARABLE:
        return True
    output.note(
        f"Fine-tuning the whole network may give better answers; it would take about {duration_text(seconds)} here"
        " (--recipe finetune)."
    )
    return False
