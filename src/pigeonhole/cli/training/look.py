"""`pigeonhole look`: what do the training pictures look like?"""

from pathlib import Path

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.output import Terminal
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("look")
@click.argument("tf_files", default=TF_FILES, type=click.Path(path_type=Path))
def command(tf_files: Path) -> int:
    """Show the pictures of TF_FILES/data on one page before you train: TF_FILES/report/look/index.html.

    For every category it has a contact sheet without near-duplicates, the mean picture, and statistics on colours and
    sizes. Pictures that stand out come first. The pictures are only read.
    """
    from pigeonhole.look import look

    looked = look(Workspace(tf_files), Terminal())
    click.echo(
        f"{looked.pictures} pictures, of which {looked.suspicious} stand out; unreadable files: {looked.unreadable}."
    )
    click.echo(f"The page is {printable(looked.page)}.")
    return 1 if looked.unreadable else 0
