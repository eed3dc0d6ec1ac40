"""Everything that was put into an output folder goes back to where it came from."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files.source import exists
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.output import Output, Silent
from pigeonhole.placing.output_folder import GROUP, OutputFolder, has_journal_folder, sync_folders
from pigeonhole.placing.trust import ELSEWHERE, is_believed, refuse_to_guess
from pigeonhole.placing.undo_one import undo_entry
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


def undo(out: Path, back_to: Collection[Path] = (), output: Output | None = None) -> Iterator[Undone | Refused]:
    """Take back everything in `out`, the latest first; folders that were made for it go as well if they are empty.

    Of a journal that was not made here only what came from below the folders `back_to` is taken back; without any,
    UsageError says what it names.

    `output` shows how far it is. May be repeated: what is undone stays so, what was refused is tried again. Raises
    UsageError where nothing was ever sorted into `out`, OutputError where another process is at it or the journal is
    damaged; then nothing is touched.
    """
    if not has_journal_folder(out):
        raise UsageError(
            f"Nothing was ever sorted into {printable(out)}.", "Name the folder that guess-dir sorted into."
        )
    folder = OutputFolder.open(out, back_to)
    try:
        if not back_to:
            refuse_to_guess(folder.writing, out)
        for entry, reason in folder.unknown:
            yield _result(entry, folder, f"nobody can tell where it stands ({reason}); undo again to find out")
        number = sys.maxsize
        with (output or Silent()).stage("Undoing", folder.writing.count_done()) as advance:
            while entries := folder.writing.done_before(number, GROUP):
                for result in _undo(entries, folder, back_to):
                    advance()
                    yield result
                number = entries[-1].id
        _remove_folders(folder)
    finally:
        folder.close()


def undo_entries(
    entries: Sequence[JournalEntry], folder: OutputFolder, back_to: Collection[Path] = ()
) -> list[Undone | Refused]:
    """The same for some `entries` alone, which are done, the latest first, in a folder that is open for writing."""
    results = list(_undo(entries, folder, back_to))
    _remove_folders(folder)
    return results


def _undo(
    all_entries: Sequence[JournalEntry], folder: OutputFolder, back_to: Collection[Path]
) -> Iterator[Undone | Refused]:
    entries: list[JournalEntry] = []
    for entry in all_entries:
        if is_believed(entry, folder.writing, folder.path, back_to):
            entries.append(entry)
        else:
            yield _result(entry, folder, ELSEWHERE)
    for entry in entries:
        entry.state = State.UNDOING
    folder.writing.update(entries)
    failpoints.failpoint("undo planned")
    reasons = [undo_entry(entry, folder.paths) for entry in entries]
    stopped = None
    try:
        undone = [entry for entry in entries if entry.state is State.UNDONE]
        sources = {entry.source.parent for entry in undone}
        sync_folders(sources | {folder.paths.target(entry).parent for entry in undone if entry.target})
        failpoints.failpoint("undo synced")
        folder.writing.update(entries)
        failpoints.failpoint("undo journalled")
    except OutputError as error:
        stopped = error
    for entry, reason in zip(entries, reasons, strict=True):
        yield _result(entry, folder, reason)
    if stopped:
        raise stopped


def _result(entry: JournalEntry, folder: OutputFolder, reason: str | None) -> Undone | Refused:
    target = None if entry.target is None else folder.path / entry.target
    return Undone(entry.source, target) if reason is None else Refused(entry.source, target, reason)


def _remove_folders(folder: OutputFolder) -> None:
    gone = []
    for made in folder.writing.folders():
        with suppress(OSError):  # not empty: someone put something of their own there, or a file was refused
            (folder.path / made).rmdir()
        with suppress(OSError):
            if not exists(folder.path / made):
                gone.append(made)
    folder.writing.forget_folders(gone)
