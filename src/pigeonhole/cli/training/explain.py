"""`pigeonhole explain`: where does the network look?"""

from pathlib import Path

import click

from pigeonhole.cli import arguments
from pigeonhole.errors import UsageError
from pigeonhole.output import Terminal
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("explain")
@arguments.paths("[TF_FILES] IMAGE OUT.png")
@click.option("--against", metavar="CATEGORY", help="Also show where the network sees this category.")
@click.option(
    "--layers",
    metavar="NAMES",
    help="Show filters and feature maps of these layers instead (names separated by commas).",
)
def command(paths: tuple[Path, ...], *, against: str | None, layers: str | None) -> int:
    """Draw where the network looks: Grad-CAM, guided backpropagation and their product.

    TF_FILES is the folder that holds model.onnx, ./tf_files if left out.

    Guided backpropagation is only defined for ReLU networks.
    """
    if len(paths) not in (2, 3):
        raise UsageError(f"Expected [TF_FILES] IMAGE OUT.png, got {len(paths)} names.")
    tf_files, image, out = paths if len(paths) == 3 else (arguments.TF_FILES, *paths)
    arguments.existing_file(image)
    arguments.new_png(out)
    if against and layers:
        raise UsageError("--against and --layers cannot be combined.", "Leave one of them out.")
    from pigeonhole.explain.run import explain

    names = tuple(name.strip() for name in layers.split(",")) if layers else ()
    png, remark = explain(Workspace(tf_files), image, against, names)
    arguments.write_new(out, png)
    if remark:
        Terminal().note(remark)
    click.echo(f"The picture is in {printable(out)}.")
    return 0
