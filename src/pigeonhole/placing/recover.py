"""What a killed run or a failing disk has left between two steps is finished, or rolled back, before anything else.

An entry stays as it is where the disk does not let itself be looked at: it is tried again by the next group of files,
the next run or the next undo.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pigeonhole.files.publish import sync, sync_folder
from pigeonhole.files.remove import drop_part, put_back
from pigeonhole.files.source import (
    ChangedError,
    SourceError,
    exists,
    has_content,
    leads_to,
    open_unchanged,
    reason_of,
    status_of,
)
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.journal.journal import Journal
from pigeonhole.placing.mode import Placing
from pigeonhole.placing.place import TargetPaths, remove_source
from pigeonhole.placing.undo_one import LINKED, undo_entry


@dataclass(slots=True)
class Recovered:
    """What was `finished`, what was `rolled_back`, and why nobody can tell what became of the others."""

    finished: list[JournalEntry] = field(default_factory=list)
    rolled_back: list[JournalEntry] = field(default_factory=list)
    unknown: list[tuple[JournalEntry, str]] = field(default_factory=list)


def recover(journal: Journal, paths: TargetPaths) -> Recovered:
    """Look at every unfinished entry and at the disk, and make them agree. May itself be killed at any moment.

    Raises OutputError where the journal cannot be written.
    """
    result = Recovered()
    for entry in journal.unfinished():
        try:
            is_finished = bring_to_end(entry, journal, paths)
        except (OSError, SourceError) as error:
            result.unknown.append((entry, reason_of(error)))
        else:
            (result.finished if is_finished else result.rolled_back).append(entry)
    return result


def bring_to_end(entry: JournalEntry, journal: Journal, paths: TargetPaths) -> bool:
    """Make one unfinished entry agree with the disk, and write that down.

    True: what was begun is done. False: all is as before it was begun, and the journal has forgotten the entry. Raises
    OSError or SourceError where nobody can tell; then the entry stays unfinished.
    """
    if entry.state is State.UNDOING:
        reason = undo_entry(entry, paths)
        if entry.state is State.UNDOING:
            raise SourceError(reason or "", transient=True)
        journal.update([entry])
        return True
    if paths.lead_elsewhere(entry):  # what stands behind the link is none of our business
        if not has_content(entry.source, entry.sha256):
            raise SourceError(LINKED)
        journal.update([], dropped=[entry])
        return False
    if entry.target is None or _has_arrived(entry, paths) or _was_removed(entry):
        _finish(entry, paths, journal)
        return True
    _restore(entry, paths)
    journal.update([], dropped=[entry])
    return False


def _has_arrived(entry: JournalEntry, paths: TargetPaths) -> bool:
    """Whether the target is there; what lies around half-done is cleared away."""
    target = paths.target(entry)
    if entry.placing == Placing.SYMLINK:
        return leads_to(target, entry.source)
    if entry.placing == Placing.HARDLINK:
        return _is_linked(entry, target)
    arrived = has_content(target, entry.sha256)
    drop_part(paths.part(entry, target.parent), None if arrived else target)
    return arrived


def _is_linked(entry: JournalEntry, target: Path) -> bool:
    """Whether the target is a name of what was read. A name of another file that has taken the source's place goes."""
    there, source = status_of(target), status_of(entry.source)
    if there is None:
        return False
    if has_content(target, entry.sha256):
        return True
    if source is not None and os.path.samestat(there, source) and there.st_nlink > 1:
        target.unlink()
    return False


def _was_removed(entry: JournalEntry) -> bool:
    """A move that got as far as removing its source is done, whatever has become of its target since."""
    return entry.state is State.PLACED and not exists(entry.source)


def _restore(entry: JournalEntry, paths: TargetPaths) -> None:
    """A source that was about to be removed gets its name back; so does a file that was moved in its place."""
    aside = paths.aside(entry, entry.source.parent)
    if exists(aside):
        put_back(aside, entry.source)
    elif entry.placing == Placing.MOVE and entry.state is State.PLANNED and not exists(entry.source):
        target = paths.target(entry)
        if exists(target):
            put_back(target, entry.source)


def _finish(entry: JournalEntry, paths: TargetPaths, journal: Journal) -> None:
    if entry.target is not None and entry.placing != Placing.SYMLINK:
        with suppress(FileNotFoundError):
            sync(paths.target(entry))
        with suppress(FileNotFoundError):
            sync_folder(paths.target(entry).parent)
        if entry.placing == Placing.MOVE:
            entry.state = State.PLACED
            journal.update([entry])
            _remove_twin(entry, paths)
    entry.state = State.DONE
    journal.update([entry])


def _remove_twin(entry: JournalEntry, paths: TargetPaths) -> None:
    """Remove the source of a move that was copied, if it still holds what was copied."""
    aside = paths.aside(entry, entry.source.parent)
    if exists(aside):
        put_back(aside, entry.source)
    try:
        with open_unchanged(entry.source) as source:
            is_twin, identity = source.digest() == entry.sha256, source.identity
    except ChangedError:
        return  # gone, or no file any more
    if not is_twin or _is_target(entry, paths):
        return
    remove_source(entry, identity, paths)
    with suppress(FileNotFoundError, NotADirectoryError):
        sync_folder(entry.source.parent)


def _is_target(entry: JournalEntry, paths: TargetPaths) -> bool:
    """Whether source and target are one file: then there is nothing that would be left without the other."""
    target, source = status_of(paths.target(entry)), status_of(entry.source)
    return target is not None and source is not None and os.path.samestat(target, source) and target.st_nlink < 2
