"""`pigeonhole train`: learn from folders of pictures."""

from pathlib import Path

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.naming import shown
from pigeonhole.output import Terminal


@click.command("train")
@click.argument("tf_files", default=TF_FILES, type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    type=click.Choice(["auto", "probe", "scratch"]),
    default="auto",
    show_default=True,
    help="probe: on the features of a pretrained backbone. scratch: a small network from nothing. "
    "auto: probe if weights are to be had.",
)
@click.option("--backbone", metavar="NAME", help="A torchvision classification network, such as resnet50.")
@click.option("--weights", metavar="FILE", type=click.Path(path_type=Path), help="A torchvision state dict for it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Chooses the split and what scratch starts from.")
def command(tf_files: Path, recipe: str, backbone: str | None, weights: Path | None, seed: int) -> int:
    """Learn from the pictures in TF_FILES/data/<category>/ and write TF_FILES/model.onnx.

    TF_FILES is ./tf_files if left out. Weights come from --weights, else from TF_FILES/weights, else they are
    downloaded there once.
    """
    from pigeonhole.train import TrainingOptions, train

    terminal = Terminal()
    options = TrainingOptions(recipe, backbone, weights, seed)  # type: ignore[arg-type]  # click checked the choice
    result = train(tf_files, options, terminal)
    click.echo(result.verdict.sentence)
    for true, answer, count in result.verdict.confused:
        click.echo(f"  {count} of {shown(true)} taken for {shown(answer)}")
    click.echo(f"The model is in {shown(result.model)}.")
    return 0
