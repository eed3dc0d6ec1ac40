"""One folder, sorted into another."""

import os
from collections.abc import Iterator
from pathlib import Path

from pigeonhole.decoding.item import Decoders
from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files import count_files, find, refuse_overlap
from pigeonhole.model import Model
from pigeonhole.records import Failed, Found, Outcome, Skipped
from pigeonhole.sorting.options import Placing, SortOptions
from pigeonhole.sorting.sorter import Sorter
from pigeonhole.stream import guesses
from pigeonhole.text import printable


def check_folders(source: Path, out: Path, options: SortOptions) -> None:
    """Raise a PigeonholeError where sorting `source` into `out` cannot go well. `out` need not exist yet."""
    if not source.is_dir():
        raise UsageError(f"{printable(source)} is not a folder.", "Name the folder that holds the pictures.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{printable(out)} is a file.", "Name a folder for the sorted pictures.")
    refuse_overlap(source, out)
    above = next(folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists())
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{printable(above)} cannot be written.", "Choose another folder; no picture was touched.")
    if options.placing is Placing.MOVE and not os.access(source, os.W_OK | os.X_OK):
        raise OutputError(f"No picture can be moved out of {printable(source)}: it is read-only.", "Use --copy.")
    if options.placing is Placing.HARDLINK and source.stat().st_dev != above.stat().st_dev:
        raise UsageError(
            f"{printable(source)} and {printable(out)} are on two file systems, and a file cannot have names on both.",
            "Use --copy or --symlink.",
        )


def sort_folder(
    source: Path, sorter: Sorter, model: Model, decoders: Decoders | None = None, *, recursive: bool = True
) -> Iterator[Outcome]:
    """Sort every picture of `source`; one outcome for each file there is. Raises OutputError as Sorter.place does."""
    unsorted: Iterator[Found | Skipped | Failed] = sorter.skip_done(find(source, recursive=recursive))
    answers = guesses(unsorted, model, decoders)
    return sorter.place_all(answers)


def total(source: Path, *, recursive: bool = True) -> int:
    """How many outcomes `sort_folder` will give."""
    return count_files(source, recursive=recursive)
