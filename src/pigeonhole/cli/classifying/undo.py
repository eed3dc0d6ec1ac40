"""`pigeonhole undo`: everything back to where it came from."""

from pathlib import Path

import click

from pigeonhole.output import Terminal
from pigeonhole.placing import Refused, undo
from pigeonhole.text import printable


@click.command("undo")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--back-to",
    metavar="FOLDER",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Believe a journal that was not made here, of pictures that came from below FOLDER. May be repeated.",
)
def command(out: Path, back_to: tuple[Path, ...]) -> int:
    """Put everything that was sorted into OUT back to where it came from.

    Moved pictures return to their old places; copies and links are removed where the source is still there. What was
    changed since is left alone and named. Run it again after it was interrupted.

    Where OUT was copied here or given to you, its journal may name any place: then say where pictures may go back to.
    """
    terminal = Terminal()
    undone = refused = 0
    for result in undo(out, back_to, terminal):
        if isinstance(result, Refused):
            refused += 1
            terminal.warn(f"refused: {printable(result.target or result.source)}: {result.reason}")
        else:
            undone += 1
    if undone or refused:
        terminal.note(f"{undone} undone, {refused} refused.")
    else:
        terminal.note("There is nothing left to undo.")
    return 1 if refused else 0
