"""One folder, sorted into another."""

from collections.abc import Iterator
from pathlib import Path

from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files import count_files, find, refuse_overlap
from pigeonhole.model import Model
from pigeonhole.naming import shown
from pigeonhole.records import Guess, Outcome
from pigeonhole.sorting.place import Placer
from pigeonhole.stream import guesses


def check_folders(source: Path, out: Path) -> None:
    """Raise a PigeonholeError where sorting `source` into `out` cannot go well; make `out` where it can."""
    if not source.is_dir():
        raise UsageError(f"{shown(source)} is not a folder.", "Name the folder that holds the pictures.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{shown(out)} is a file.", "Name a folder for the sorted pictures.")
    refuse_overlap(source, out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {shown(out)} cannot be made: {error.strerror}.") from None


def sort_folder(source: Path, out: Path, model: Model, *, recursive: bool = True) -> Iterator[Outcome]:
    """Copy every picture of `source` to `out` as `<category>-<score>.<ext>`; one outcome for each file there is.

    Raises OutputError as soon as `out` cannot be written at all.
    """
    placer = Placer(out)
    for answer in guesses(find(source, recursive=recursive), model):
        yield placer.place(answer) if isinstance(answer, Guess) else answer


def total(source: Path, *, recursive: bool = True) -> int:
    """How many outcomes `sort_folder` will give."""
    return count_files(source, recursive=recursive)
