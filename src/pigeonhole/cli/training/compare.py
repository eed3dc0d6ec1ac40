"""`pigeonhole compare`: which recipe, and which network, is best for these pictures?"""

import json
from pathlib import Path

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.errors import UsageError, not_written
from pigeonhole.output import Terminal
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

RECIPES = ("cnn", "cnn-regularised", "cnn-augmented", "probe", "finetune")


@click.command("compare")
@click.argument("tf_files", default=TF_FILES, type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    type=click.Choice(RECIPES),
    help="A recipe to try; may be repeated. Default: all.",
)
@click.option(
    "--backbone",
    "backbones",
    multiple=True,
    metavar="NAME",
    help="A backbone to try; may be repeated. Default: all with weights in TF_FILES/weights.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the split, which all share.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per result instead of the table.")
def command(tf_files: Path, *, recipes: tuple[str, ...], backbones: tuple[str, ...], seed: int, as_json: bool) -> int:
    """Train on TF_FILES/data in several ways and report how accurate, fast and large each result is.

    TF_FILES/model.onnx is not changed. The numbers and a figure are also written to TF_FILES/report.
    """
    from rich.console import Console

    from pigeonhole.backbones.obtain import obtain_weights
    from pigeonhole.backbones.weights import AUTO, weights_in
    from pigeonhole.compare import Entry, compare
    from pigeonhole.compare.show import figure, table
    from pigeonhole.dataset.folders import read_dataset
    from pigeonhole.files import write_aside_and_replace

    workspace, terminal = Workspace(tf_files), Terminal()
    wanted = recipes or RECIPES
    pretrained = "probe" in wanted or "finetune" in wanted
    if backbones and not pretrained:
        raise UsageError("Only the recipes probe and finetune use a backbone.", "Leave --backbone out.")
    dataset = read_dataset(workspace, terminal)
    present = backbones or [each.backbone for each in weights_in(workspace)] or [AUTO]
    weights = [obtain_weights(workspace, name) for name in present] if pretrained else []
    entries: list[Entry] = []
    for entry in compare(workspace, dataset, wanted, weights, seed=seed, output=terminal):
        entries.append(entry)
        if as_json:
            click.echo(json.dumps(entry.fields()))
        else:
            terminal.note(f"{entry.recipe} {entry.backbone}: {entry.accuracy}, {entry.seconds:.0f} s.")
    if not as_json:
        Console(highlight=False).print(table(entries))
    folder = workspace.report
    try:
        folder.mkdir(exist_ok=True)
        write_aside_and_replace(folder / "compare.png", figure(entries))
        lines = [entry.fields() for entry in entries]
        write_aside_and_replace(folder / "compare.json", json.dumps(lines, indent=1).encode())
    except OSError as error:
        raise not_written(f"{printable(folder)}", error) from error
    click.echo(f"The figure and the numbers are in {printable(folder)}.", err=as_json)
    return 0
