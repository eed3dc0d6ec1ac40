"""Everything that was put into an output folder goes back to where it came from."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pigeonhole import failpoints, own_names
from pigeonhole.errors import UsageError
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.sorting.output_folder import GROUP, OutputFolder, sync_folders
from pigeonhole.sorting.undo_one import undo_entry
from pigeonhole.text import printable


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
    if not (out / own_names.FOLDER).is_dir():
        raise UsageError(
            f"Nothing was ever sorted into {printable(out)}.", "Name the folder that guess-dir sorted into."
        )
    folder = OutputFolder.open(out)
    try:
        number = sys.maxsize
        while entries := folder.writing.done_before(number, GROUP):
            yield from _undo(entries, folder)
            number = entries[-1].id
        _remove_folders(folder)
    finally:
        folder.close()


def _undo(entries: Sequence[JournalEntry], folder: OutputFolder) -> Iterator[Undone | Refused]:
    for entry in entries:
        entry.state = State.UNDOING
    folder.writing.update(entries)
    failpoints.failpoint("undo planned")
    reasons = [undo_entry(entry, folder.paths) for entry in entries]
    sources = {entry.source.parent for entry in entries}
    sync_folders(sources | {folder.paths.target(entry).parent for entry in entries if entry.target})
    failpoints.failpoint("undo synced")
    folder.writing.update(entries)
    failpoints.failpoint("undo journalled")
    for entry, reason in zip(entries, reasons, strict=True):
        target = None if entry.target is None else folder.path / entry.target
        yield Undone(entry.source, target) if reason is None else Refused(entry.source, target, reason)


def _remove_folders(folder: OutputFolder) -> None:
    gone = []
    for made in folder.writing.folders():
        with suppress(OSError):  # not empty: someone put something of their own there, or a file was refused
            (folder.path / made).rmdir()
        if not os.path.lexists(folder.path / made):
            gone.append(made)
    folder.writing.forget_folders(gone)
