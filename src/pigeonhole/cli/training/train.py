"""`pigeonhole train`: learn from folders of pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.output import Terminal
from pigeonhole.text import printable
from pigeonhole.workspace import TEST, Workspace

if TYPE_CHECKING:
    from pigeonhole.train import TrainingResult


@click.command("train")
@click.argument("tf_files", default=TF_FILES, type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    type=click.Choice(["auto", "probe", "finetune", "scratch"]),
    default="auto",
    show_default=True,
    help="probe: a linear classifier on the features of a pretrained backbone. finetune: also tunes the whole network, "
    "kept only if it is better. scratch: a small network without pretraining. auto: probe, and "
    "finetune on a GPU, or where it takes less than 20 seconds.",
)
@click.option(
    "--backbone",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="A torchvision network such as resnet50, timm:NAME, or builtin, which needs no weights file. "
    "auto: the one whose weights are in TF_FILES/weights, else a download, else builtin.",
)
@click.option(
    "--weights", metavar="FILE", type=click.Path(path_type=Path), help="Weights for the backbone (a state dict)."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed of the split and of the initial weights."
)
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.95,
    show_default=True,
    metavar="SHARE",
    help="Target precision (0 to 1): answers below the score that reaches it become unknown.",
)
@click.option(
    "--crop",
    type=click.Choice(["auto", "centre", "squeeze", "letterbox", "faces"]),
    default="auto",
    show_default=True,
    help="What the network sees: a centred square; the whole picture, squeezed or with bars (letterbox); faces: the "
    "largest face, or the whole picture where there is none. auto: whichever is better on held-out pictures.",
)
@click.option(
    "--size",
    type=click.IntRange(32, 1024),
    metavar="PIXELS",
    help="Input size in pixels. The default is the network's own.",
)
@click.option("--no-unknown", is_flag=True, help="Always name a category, never unknown.")
@click.option(
    "--int8", is_flag=True, help="Quantise the network to int8 where that is faster and the answers stay the same."
)
@click.option("--no-report", is_flag=True, help="Do not write TF_FILES/report.")
def command(
    tf_files: Path,
    *,
    recipe: str,
    backbone: str,
    weights: Path | None,
    seed: int,
    precision: float,
    crop: str,
    size: int | None,
    no_unknown: bool,
    int8: bool,
    no_report: bool,
) -> int:
    """Learn from the pictures in TF_FILES/data/<category>/ and write TF_FILES/model.onnx.

    TF_FILES is ./tf_files if left out. Weights are taken from --weights, else from TF_FILES/weights, else they are
    downloaded there once; without a connection, the built-in network is used.
    """
    from pigeonhole.backbones.weights import AUTO
    from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
    from pigeonhole.report.terminal import print_report
    from pigeonhole.train import TrainingOptions, train
    from pigeonhole.train.run import is_first

    workspace, terminal = Workspace(tf_files), Terminal()
    options = TrainingOptions(
        recipe,  # type: ignore[arg-type]  # click checked the choice
        None if backbone == AUTO else backbone,
        weights,
        seed,
        None if no_unknown else precision,
        PreprocessingChoice(crop, size),  # type: ignore[arg-type]
        not no_report,
        int8,
    )
    result = train(workspace, options, terminal)
    if not is_first():
        return 0
    click.echo(result.metrics.sentence)
    print_report(result.collected)
    click.echo(result.metrics.comparison)
    click.echo(result.metrics.calibration_sentence)
    if result.thresholds:
        click.echo(result.thresholds.sentence)
    if result.int8:
        click.echo(result.int8)
    if workspace.test.is_dir():
        _tell_of_test(workspace, result, terminal)
    if result.report:
        click.echo(f"The report is in {printable(result.report)}.")
    click.echo(f"The model is in {printable(result.model)}.")
    return 0


def _tell_of_test(workspace: Workspace, result: "TrainingResult", terminal: Terminal) -> None:
    """The accuracy of the finished model on TF_FILES/test/<category>/, which nothing was trained or chosen by."""
    from pigeonhole.cli.training.evaluate import evaluate
    from pigeonhole.evaluation.running import Evaluation
    from pigeonhole.model import load_model

    model = load_model(result.model)
    evaluation = Evaluation(model.card.labels)
    known = {example.sha256 for example in result.dataset.examples}
    copies = sum(
        evaluated is not None and evaluated.sha256 in known
        for evaluated in evaluate(workspace.test, model, evaluation, terminal)
    )
    click.echo(f"{TEST}/: accuracy {evaluation.accuracy or 'unknown, no picture is of a known category'}.")
    if evaluation.ood:
        click.echo(
            f"{TEST}/: {evaluation.ood_unknown} of {evaluation.ood} pictures that belong to no category "
            "were answered with unknown."
        )
    if copies:
        what = "picture is also a training picture" if copies == 1 else "pictures are also training pictures"
        click.echo(f"{TEST}/: {copies} {what}, so this accuracy is too optimistic.")
