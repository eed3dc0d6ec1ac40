"""The options that say how pictures are sorted, for every command that sorts."""

from collections.abc import Callable
from typing import Any

import click

from pigeonhole.errors import UsageError
from pigeonhole.sorting import Placing, SortOptions, Template
from pigeonhole.sorting.template import DEFAULT, INTO_FOLDERS

_HELP = {
    Placing.COPY: "Leave the pictures where they are and copy them.",
    Placing.MOVE: "Move them: each leaves its old place once it stands safely in the new one.",
    Placing.HARDLINK: "Give each file a second name; within one file system, and edits show in both.",
    Placing.SYMLINK: "Make links to the pictures.",
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
            help="What a picture is called, from {category} {score} {stem} {ext} {index} {date}; a / makes sub-folders."
            f" The default is {DEFAULT}.",
        ),
        click.option(
            "--into-folders", is_flag=True, help=f"One folder per category, names as they were: {INTO_FOLDERS}."
        ),
        click.option(
            "--min-score",
            type=click.FloatRange(0, 1),
            default=0.0,
            metavar="SCORE",
            help="Below it, a picture is unknown-<score>.<ext>.",
        ),
        click.option(
            "--leave-unreadable",
            is_flag=True,
            help="Leave what cannot be read where it is; otherwise it goes to OUT/_unreadable.",
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
        raise UsageError("--into-folders and --name both say what a picture is called.", "Give one of them.")
    text = INTO_FOLDERS if into_folders else DEFAULT if template is None else template
    return SortOptions(
        Placing(placing or default), Template(text), min_score, leave_unreadable, retry_unreadable, dry_run
    )
