"""`pigeonhole undo`: everything back to where it came from."""

from pathlib import Path

import click

from pigeonhole.output import Terminal
from pigeonhole.placing import Refused, undo
from pigeonhole.text import printable


@click.command("undo")
@click.argument("out", type=click.Path(path_type=Path))
def command(out: Path) -> int:
    """Put everything that was sorted into OUT back to where it came from.

    Moved pictures return to their old places; copies and links are removed where the source is still there. What was
    changed since is left alone and named. Run it again after it was interrupted.
    """
    terminal = Terminal()
    undone = refused = 0
    with terminal.stage("Undoing", None) as advance:
        for result in undo(out):
            if isinstance(result, Refused):
                refused += 1
                terminal.warn(f"refused: {printable(result.target or result.source)}: {result.reason}")
            else:
                undone += 1
            advance()
    terminal.note(f"{undone} undone, {refused} refused.")
    return 1 if refused else 0
