"""What a killed run has left between two steps is finished, or rolled back, before anything else is done."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.files.publish import sync, sync_folder
from pigeonhole.files.remove import put_back, remove_same
from pigeonhole.files.source import SourceError, has_content, open_unchanged
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.journal.journal import Journal
from pigeonhole.sorting.options import Placing
from pigeonhole.sorting.placing import TargetPaths, cannot_remove
from pigeonhole.sorting.undo_one import undo_entry


@dataclass(slots=True)
class Recovered:
    """How many files were brought to their end, and how many back to their beginning."""

    finished: int = 0
    rolled_back: int = 0


def recover(journal: Journal, paths: TargetPaths) -> Recovered:
    """Look at every unfinished entry and at the disk, and make them agree. May itself be killed at any moment.

    Raises OSError where the disk cannot be written, OutputError where the journal cannot.
    """
    result = Recovered()
    for entry in journal.unfinished():
        if entry.state is State.UNDOING:
            undo_entry(entry, paths)
            journal.update([entry])
            result.finished += 1
        elif _has_arrived(entry, paths) or _was_removed(entry):
            _finish(entry, paths, journal)
            result.finished += 1
        else:
            _restore(entry, paths)
            journal.update([], dropped=[entry])
            result.rolled_back += 1
    return result


def _has_arrived(entry: JournalEntry, paths: TargetPaths) -> bool:
    """Whether the target is there; what lies around half-done is cleared away."""
    if entry.target is None:
        return True
    target = paths.target(entry)
    if entry.placing == Placing.SYMLINK:
        return target.is_symlink() and target.readlink() == entry.source
    if entry.placing == Placing.HARDLINK:
        return target.exists() and entry.source.exists() and target.samefile(entry.source)
    part = paths.part(entry, target.parent)
    was_written = os.path.lexists(part)
    if was_written:
        part.unlink()
    arrived = has_content(target, entry.sha256)
    if was_written and not arrived and _is_empty(target):
        target.unlink()  # the reservation of its name; a link to the part would have had the content
    return arrived


def _was_removed(entry: JournalEntry) -> bool:
    """A move that got as far as removing its source is done, whatever has become of its target since."""
    return entry.state is State.PLACED and not os.path.lexists(entry.source)


def _restore(entry: JournalEntry, paths: TargetPaths) -> None:
    """A source that was about to be removed gets its name back."""
    aside = paths.aside(entry, entry.source.parent)
    if os.path.lexists(aside):
        put_back(aside, entry.source)


def _finish(entry: JournalEntry, paths: TargetPaths, journal: Journal) -> None:
    if entry.target is not None and entry.placing != Placing.SYMLINK:
        with suppress(FileNotFoundError):
            sync(paths.target(entry))
        sync_folder(paths.target(entry).parent)
        if entry.placing == Placing.MOVE:
            entry.state = State.PLACED
            journal.update([entry])
            _remove_twin(entry, paths)
    entry.state = State.DONE
    journal.update([entry])


def _remove_twin(entry: JournalEntry, paths: TargetPaths) -> None:
    """Remove the source of a move that was copied, if it still holds what was copied."""
    _restore(entry, paths)
    try:
        with open_unchanged(entry.source) as source:
            if source.digest() == entry.sha256 and not _is_target(entry, paths):
                remove_same(entry.source, source.identity, entry.sha256, paths.aside(entry, entry.source.parent))
    except SourceError:
        pass  # gone, or another file by now, which stays
    except OSError as error:
        entry.trouble = cannot_remove(error)
    with suppress(OSError):
        sync_folder(entry.source.parent)


def _is_target(entry: JournalEntry, paths: TargetPaths) -> bool:
    """Whether source and target are one file: then there is nothing that would be left without the other."""
    return paths.target(entry).samefile(entry.source) and paths.target(entry).lstat().st_nlink < 2


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.lstat().st_size == 0
