"""`pigeonhole frames`: pictures out of films."""

import math
from pathlib import Path

import click

from pigeonhole.cli.preparing.times import seconds
from pigeonhole.errors import UsageError
from pigeonhole.output import Terminal

EVERY = 2.0


@click.command("frames")
@click.argument("paths", nargs=-1, required=True, metavar="FILM... OUT", type=click.Path(path_type=Path))
@click.option(
    "--every",
    callback=seconds,
    metavar="TIME",
    help="Take a frame about every so often: 2s, 500ms, 1m30s. A keyframe is taken where one is no further away than"
    f" half of that, since it is quicker and sharper. The default is {EVERY:g}s.",
)
@click.option("--scenes", is_flag=True, help="Take one frame from the middle of each scene instead.")
@click.option(
    "--size",
    type=click.IntRange(16, 16384),
    default=700,
    show_default=True,
    metavar="PIXELS",
    help="The longer edge of the pictures, in pixels; nothing is enlarged.",
)
@click.option("--from", "begin", callback=seconds, default="0s", metavar="TIME", help="Begin here: 90s, 00:01:30.")
@click.option("--to", "end", callback=seconds, metavar="TIME", help="End here: 90s, 00:01:30.")
@click.option("--keep-all", is_flag=True, help="Keep black, blank and nearly equal frames, too.")
def command(
    paths: tuple[Path, ...],
    *,
    every: float | None,
    scenes: bool,
    size: int,
    begin: float,
    end: float | None,
    keep_all: bool,
) -> int:
    """Take pictures out of films and put them into OUT as <film>-00h12m34.560s.jpg.

    FILM is a film or a folder of films. Training keeps the frames of a film together. Run it again after an
    interruption, or with another film: what is done is not done again, and nothing is ever overwritten.
    """
    if len(paths) < 2:
        raise UsageError("frames takes at least one film and the folder OUT, and got 1 name.")
    if scenes and every is not None:
        raise UsageError("--scenes and --every are two ways to choose frames.", "Give one of them.")
    if every is not None and every < 0.001:
        raise UsageError("--every is at least 1ms.")
    if end is not None and begin >= end:
        raise UsageError("--from lies behind --to.", "Give the earlier time first.")
    from pigeonhole.films.files import films_in
    from pigeonhole.films.frames import FrameOptions, take_frames
    from pigeonhole.prepare.folder import PreparedFolder, check_out

    *sources, out = paths
    films = films_in(sources, out)
    check_out(out)
    terminal = Terminal()
    options = FrameOptions(None if scenes else every or EVERY, begin, math.inf if end is None else end, size, keep_all)
    with PreparedFolder.open(out) as folder:
        taken, problems = take_frames(films, folder, options, terminal)
    if len(films) > 1:
        terminal.note(f"{len(films)} films: {taken}.")
    return 1 if problems else 0
