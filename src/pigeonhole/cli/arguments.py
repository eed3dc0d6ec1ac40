"""What the commands' arguments have in common: the folder TF_FILES comes first and may be left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pigeonhole.errors import UsageError, not_written
from pigeonhole.text import printable

TF_FILES = Path("tf_files")
Argument = TypeVar("Argument", Path, str)
Command = TypeVar("Command", bound=Callable[..., Any])


def paths(metavar: str) -> Callable[[Command], Command]:
    """The arguments `paths`; `metavar` is what they are called where the usage is told."""
    return click.argument("paths", nargs=-1, required=True, metavar=metavar, type=click.Path(path_type=Path))


def paths_or_urls(metavar: str) -> Callable[[Command], Command]:
    """The same, but an address may stand for a path."""
    return click.argument("paths", nargs=-1, required=True, metavar=metavar, type=str)


include_hidden = click.option(
    "--include-hidden",
    is_flag=True,
    help="Also take what is hidden, trash, an old version or an unfinished file of another program.",
)

cluster = click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Let a Ray cluster answer: auto (the one that this machine is a node of), HOST:PORT, or local (this machine"
    " alone). IN must lie at the same place on every node.",
)


def inference(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of inference: `tta` and `no_unknown`, the two values of InferenceOptions."""
    for option in (
        click.option("--no-unknown", is_flag=True, help="Always name a category, never unknown."),
        click.option("--tta", is_flag=True, help="Average over ten views of each picture; takes ten times as long."),
    ):
        command = option(command)
    return command


def existing_file(path: Path) -> Path:
    """`path`, or a UsageError if there is no such file."""
    if path.is_dir():
        raise UsageError(f"{printable(path)} is a folder.", "Use guess-dir (guessDir.sh) for folders.")
    if not path.exists():
        raise UsageError(f"There is no file {printable(path)}.", "Check the name.")
    return path


def new_png(path: Path) -> Path:
    """`path`, or a UsageError where a picture cannot be written there without overwriting something."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"The output file must end in .png: {printable(path)}.", "Change its name.")
    if path.exists():
        raise UsageError(f"{printable(path)} exists already and is not overwritten.", "Choose another name.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {printable(path.parent)}.", "Make it, or choose another.")
    return path


def write_new(path: Path, data: bytes) -> None:
    """Write a file that was not there. Raises OutputError where it cannot be written."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise not_written(f"{printable(path)}", error) from error


def without_face(count: int) -> str:
    """What is said of so many pictures that a model which looks at faces found none in."""
    what = "1 picture has no face and was" if count == 1 else f"{count} pictures have no face and were"
    return f"{what} classified as a whole."


def three(paths: tuple[Argument, ...], source: str) -> tuple[Path | Argument, Argument, Argument]:
    """TF_FILES, the folder that is called `source` in the command's help, and OUT."""
    match paths:
        case (first, out):
            return TF_FILES, first, out
        case (tf_files, first, out):
            return tf_files, first, out
        case _:
            raise UsageError(f"Expected two or three folders ([TF_FILES] {source} OUT), got {len(paths)}.")
