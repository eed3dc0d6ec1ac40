"""`pigeonhole faces`: the faces of whole pictures."""

from pathlib import Path

import click

from pigeonhole.output import Terminal
from pigeonhole.text import printable, quantity


@click.command("faces")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--detector",
    type=click.Choice(["auto", "drawn", "human"]),
    default="auto",
    show_default=True,
    help="drawn: anime and comics. human: photos of people. auto: what finds more in the first pictures.",
)
@click.option(
    "--margin",
    type=click.FloatRange(0, 2),
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="How much is kept around a face, as a share of its width.",
)
@click.option(
    "--size",
    type=click.IntRange(16, 4096),
    metavar="PIXELS",
    help="The edge of the pictures of faces, in pixels. Left out: as large as they are.",
)
@click.option(
    "--min-size",
    type=click.IntRange(1, 4096),
    default=32,
    show_default=True,
    metavar="PIXELS",
    help="Leave out faces whose width is less, in pixels.",
)
def command(source: Path, out: Path, *, detector: str, margin: float, size: int | None, min_size: int) -> int:
    """Cut every face out of the pictures of IN and put it into OUT as <name>-1.<ext>, <name>-2.<ext>, ….

    Sub-folders stay. Pictures without a face are copied to OUT/no-face, those that cannot be read to OUT/_unreadable.
    IN stays as it is, and nothing in OUT is overwritten; run it again after an interruption or with new pictures.
    Training keeps all faces of one picture together.
    """
    from pigeonhole.own_names import NO_FACE
    from pigeonhole.prepare.faces import FaceOptions, extract_faces
    from pigeonhole.prepare.folder import PreparedFolder, check_folders

    check_folders(source, out)
    terminal = Terminal()
    options = FaceOptions(detector, margin, size, min_size)  # type: ignore[arg-type]  # click checked the choice
    with PreparedFolder.open(out) as folder:
        counts = extract_faces(source, folder, options, terminal)
    terminal.note(f"{counts.files}.")
    if not counts.files.done:
        return 1 if counts.files.unreadable or counts.files.failed else 0
    without = (
        f", {quantity(counts.without, 'without one is', 'without one are')} in {printable(out / NO_FACE)}"
        if counts.without
        else ""
    )
    pictures = quantity(counts.files.done - counts.without, "picture")
    terminal.note(f"{quantity(counts.faces, 'face')} in {pictures}{without}.")
    return 1 if counts.files.unreadable or counts.files.failed else 0
