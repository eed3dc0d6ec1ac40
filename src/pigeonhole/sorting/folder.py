"""One folder, sorted into another."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files import refuse_overlap
from pigeonhole.files.source import exists, is_folder
from pigeonhole.placing.mode import Placing
from pigeonhole.records import Failed, Found, Outcome, Skipped
from pigeonhole.sorting.options import SortOptions
from pigeonhole.sorting.plan import Answer
from pigeonhole.sorting.sorter import Sorter
from pigeonhole.text import printable


def check_folders(source: Path, out: Path, options: SortOptions) -> None:
    """Raise a PigeonholeError where sorting `source` into `out` cannot go well. `out` need not exist yet."""
    with _errors_as_sentences():
        _check_folders(source, out, options)


def _check_folders(source: Path, out: Path, options: SortOptions) -> None:
    if not is_folder(source):
        raise UsageError(f"{printable(source)} is not a folder.", "Name the folder that holds the pictures.")
    if exists(out) and not is_folder(out):
        raise UsageError(f"{printable(out)} is a file.", "Name a folder for the sorted pictures.")
    refuse_overlap(source, out)
    real = Path(os.path.realpath(out))
    above = next(folder for folder in (real, *real.parents) if is_folder(folder))
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{printable(above)} cannot be written.", "Choose another folder; no picture was touched.")
    if options.placing is Placing.MOVE and not os.access(source, os.W_OK | os.X_OK):
        raise OutputError(f"No picture can be moved out of {printable(source)}: it is read-only.", "Use --copy.")
    if options.placing is Placing.HARDLINK and source.stat().st_dev != above.stat().st_dev:
        raise UsageError(
            f"{printable(source)} and {printable(out)} are on two file systems, and a file cannot have names on both.",
            "Use --copy or --symlink.",
        )


@contextmanager
def _errors_as_sentences() -> Iterator[None]:
    """A disk that does not answer, or a folder that may not be entered, as a sentence."""
    try:
        yield
    except OSError as error:
        what = printable(os.fsdecode(error.filename)) if error.filename is not None else "A folder"
        raise UsageError(
            f"{what} cannot be looked at: {error.strerror}.", "Check its permissions and its disk."
        ) from None


def sort_folder(
    found: Iterable[Found | Skipped | Failed],
    sorter: Sorter,
    answers: Callable[[Iterator[Found | Skipped | Failed]], Iterable[Answer]],
) -> Iterator[Outcome]:
    """Sort every picture of a folder; one outcome for each file `found` there. Raises OutputError as Sorter.place does.

    `found` is what `files.find` gives; `answers` gives one for each file, such as `stream.guesses` does.
    """
    unsorted: Iterator[Found | Skipped | Failed] = sorter.skip_done(found)
    return sorter.place_all(answers(unsorted))
