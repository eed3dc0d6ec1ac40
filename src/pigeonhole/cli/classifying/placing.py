"""The options that say how pictures are sorted, for every command that sorts."""

from collections.abc import Callable
from typing import Any

import click

from pigeonhole.errors import UsageError
from pigeonhole.placing import Placing
from pigeonhole.sorting import SortOptions, Template
from pigeonhole.sorting.template import DEFAULT, INTO_FOLDERS

_HELP = {
    Placing.COPY: "Copy the pictures and leave the originals where they are.",
    Placing.MOVE: "Move the pictures: each original is removed once its copy is safe.",
    Placing.HARDLINK: "Give each file a second name on one file system; edits show in both.",
    Placing.SYMLINK: "Make symbolic links to the pictures.",
}


def options(default: Placing) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options to a command, which hands their values to `sort_options`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(_options(default)):
            command = option(command)
        return command

    return decorate


def _options(default: Placing) -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    ways = [
        click.option(
            f"--{placing}",
            "placing",
            flag_value=placing.value,
            default=None,
            help=_HELP[placing] + (" The default." if placing is default else ""),
        )
        for placing in Placing
    ]
    return [
        *ways,
        click.option(
            "--name",
            "template",
            metavar="TEMPLATE",
            help="Names of the sorted files, from {category} {score} {stem} {ext} {index} {date}; a / makes"
            f" sub-folders. The default is {DEFAULT}.",
        ),
        click.option(
            "--into-folders", is_flag=True, help=f"One folder per category, original file names: {INTO_FOLDERS}."
        ),
        click.option(
            "--min-score",
            type=click.FloatRange(0, 1),
            default=0.0,
            show_default=True,
            metavar="SCORE",
            help="Pictures with a lower score (0 to 1) become unknown-<score>.<ext>.",
        ),
        click.option(
            "--leave-unreadable",
            is_flag=True,
            help="Leave unreadable files where they are instead of placing them in OUT/_unreadable.",
        ),
    ]


def sort_options(
    default: Placing,
    *,
    placing: str | None,
    template: str | None,
    into_folders: bool,
    min_score: float,
    leave_unreadable: bool,
    retry_unreadable: bool = False,
    dry_run: bool = False,
) -> SortOptions:
    """What the user chose, `default` where nothing was said of the way. Raises UsageError where that cannot be."""
    if into_folders and template is not None:
        raise UsageError(
            "--into-folders and --name cannot be combined: both name the sorted files.", "Leave one of them out."
        )
    text = INTO_FOLDERS if into_folders else DEFAULT if template is None else template
    return SortOptions(
        Placing(placing or default), Template(text), min_score, leave_unreadable, retry_unreadable, dry_run
    )
