"""`pigeonhole crop-borders`: pictures without bars and edge lines."""

from pathlib import Path

import click

from pigeonhole.output import Terminal


@click.command("crop-borders")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
def command(source: Path, out: Path) -> int:
    """Copy the pictures of IN to OUT without bars and thin lines of one colour at their edges.

    They are measured over all frames of a film together (3 or more), or over all pictures of one size in a folder (10
    or more), so that neither dark scenes nor plain backgrounds are cut: a border is what ends straight, at the same
    line. Fewer pictures are copied as they are. Those that are cut get the size back that they had, and their shape
    where that costs little. IN stays as it is, and nothing in OUT is overwritten.
    """
    from pigeonhole.prepare.crop_borders import crop_borders
    from pigeonhole.prepare.folder import PreparedFolder, check_folders

    check_folders(source, out)
    terminal = Terminal()
    with PreparedFolder.open(out) as folder:
        counts = crop_borders(source, folder, terminal)
    terminal.note(f"{counts}.")
    return 1 if counts.unreadable or counts.failed else 0
