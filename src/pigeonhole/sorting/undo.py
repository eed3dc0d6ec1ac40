"""Everything that was put into an output folder goes back to where it came from."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files.publish import sync_folder
from pigeonhole.sorting import journal_file
from pigeonhole.sorting.desk import Desk
from pigeonhole.sorting.row import Row, State
from pigeonhole.sorting.take_back import take_back
from pigeonhole.text import printable

GROUP = 32  # files that share their waits for the disk


@dataclass(frozen=True, slots=True)
class Undone:
    """`source` is as it was before; `target` is gone from the output (None: it was never put there)."""

    source: Path
    target: Path | None


@dataclass(frozen=True, slots=True)
class Refused:
    """`target` stays, because it or its source is no longer what it was."""

    source: Path
    target: Path | None
    reason: str


def undo(out: Path) -> Iterator[Undone | Refused]:
    """Take back everything in `out`, the latest first; folders that were made for it go as well if they are empty.

    May be repeated: what is undone stays so, what was refused is tried again. Raises UsageError where nothing was ever
    sorted into `out`, OutputError where another process is at it or the journal is damaged; then nothing is touched.
    """
    if not (out / journal_file.FOLDER).is_dir():
        raise UsageError(
            f"Nothing was ever sorted into {printable(out)}.", "Name the folder that guess-dir sorted into."
        )
    desk = Desk.open(out)
    try:
        number = sys.maxsize
        while rows := desk.writing.done_before(number, GROUP):
            yield from _undo(rows, desk)
            number = rows[-1].id
        _remove_folders(desk)
    finally:
        desk.close()


def _undo(rows: Sequence[Row], desk: Desk) -> Iterator[Undone | Refused]:
    for row in rows:
        row.state = State.UNDOING
    desk.writing.update(rows)
    failpoints.failpoint("undo planned")
    reasons = [take_back(row, desk.places) for row in rows]
    _sync({row.source.parent for row in rows} | {desk.places.target(row).parent for row in rows if row.target})
    failpoints.failpoint("undo synced")
    desk.writing.update(rows)
    failpoints.failpoint("undo journalled")
    for row, reason in zip(rows, reasons, strict=True):
        target = None if row.target is None else desk.out / row.target
        yield Undone(row.source, target) if reason is None else Refused(row.source, target, reason)


def _sync(folders: set[Path]) -> None:
    for folder in folders:
        try:
            sync_folder(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"{printable(folder)} cannot be written: {error.strerror}.") from None


def _remove_folders(desk: Desk) -> None:
    gone = []
    for folder in desk.writing.folders():
        with suppress(OSError):  # not empty: someone put something of their own there, or a file was refused
            (desk.out / folder).rmdir()
        if not os.path.lexists(desk.out / folder):
            gone.append(folder)
    desk.writing.forget_folders(gone)
