"""`pigeonhole upsample`: more training pictures from few."""

from pathlib import Path

import click

from pigeonhole.output import Terminal
from pigeonhole.text import quantity


@click.command("upsample")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--each",
    type=click.IntRange(1, 6),
    default=6,
    show_default=True,
    metavar="N",
    help="In how many of the six ways each picture is drawn.",
)
@click.option(
    "--balance",
    is_flag=True,
    help="Only fill up: folders of IN with fewer pictures than the largest get what they lack, at most N each picture.",
)
def command(source: Path, out: Path, *, each: int, balance: bool) -> int:
    """Copy the pictures of IN to OUT, each with up to six others beside it: in grey, inverted, with noise, with
    stretched intensity, brightened (log) and with more contrast (sigmoid).

    They are called <name>~grayscale.<ext>, ~invert, ~poisson, ~rescale, ~log and ~sigmoid. Training keeps them on the
    side of the split on which their picture is, and draws in the same ways itself when it fine-tunes. IN stays as it
    is, and nothing in OUT is overwritten.
    """
    from pigeonhole.prepare.folder import PreparedFolder, check_folders
    from pigeonhole.prepare.upsample import upsample

    check_folders(source, out)
    terminal = Terminal()
    with PreparedFolder.open(out) as folder:
        counts = upsample(source, folder, each, balance, terminal)
    terminal.note(f"{counts.files}.")
    if counts.files.done:
        terminal.note(f"{quantity(counts.redrawn, 'picture was', 'pictures were')} drawn from {counts.files.done}.")
    return 1 if counts.files.unreadable or counts.files.failed else 0
