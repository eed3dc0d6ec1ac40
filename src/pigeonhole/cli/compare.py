"""`pigeonhole compare`: which recipe, and which network, is best for these pictures?"""

import json
from pathlib import Path

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.errors import OutputError, UsageError
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
    help="One to try; may be given several times. All of them if left out.",
)
@click.option(
    "--backbone",
    "backbones",
    multiple=True,
    metavar="NAME",
    help="One to try; may be given several times. All that have weights in TF_FILES/weights if left out.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Chooses the split, the same for all.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each instead of the table.")
def command(tf_files: Path, *, recipes: tuple[str, ...], backbones: tuple[str, ...], seed: int, as_json: bool) -> int:
    """Learn from TF_FILES/data in several ways and say how good, how fast and how large each is.

    The model that is in use stays. The table, with a figure, is also written to TF_FILES/report.
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
        raise UsageError("A backbone is of use to probe and finetune only.", "Leave --backbone out.")
    dataset = read_dataset(workspace)
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
        raise OutputError(f"{printable(folder)} cannot be written: {error.strerror}.") from error
    click.echo(f"The figure and the numbers are in {printable(folder)}.", err=as_json)
    return 0
