"""One file goes back to where it came from, or stays because it is no longer what it was."""

import os
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.copy import copy_aside
from pigeonhole.files.publish import CANNOT, publish, rename_without_replacing, sync_folder, sync_open
from pigeonhole.files.remove import drop_part, put_back, remove_same
from pigeonhole.files.source import (
    ChangedError,
    OpenFile,
    SourceError,
    exists,
    has_content,
    leads_to,
    open_unchanged,
)
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.placing.mode import Placing
from pigeonhole.placing.place import TargetPaths

LINKED = "one of its folders in the output is a link to somewhere else now"


def undo_entry(entry: JournalEntry, paths: TargetPaths) -> str | None:
    """Undo one entry. Returns None where that is done; then it is UNDONE. Otherwise why it is not: it is DONE where it
    stays in the output, and still UNDOING where nobody can tell where it stands.

    May be repeated after it was killed at any step.
    """
    try:
        if paths.lead_elsewhere(entry):
            entry.state = State.DONE
            return LINKED
        _undo(entry, paths)
    except (OSError, SourceError) as error:
        return _after_failure(entry, paths, error)
    entry.state = State.UNDONE
    failpoints.failpoint("taken back")
    return None


def _after_failure(entry: JournalEntry, paths: TargetPaths, error: OSError | SourceError) -> str | None:
    """An error may be that of the answer alone: what counts is where the file stands now."""
    if isinstance(error, ChangedError):
        reason = "it is no longer what was put there"
    else:
        reason = error.reason if isinstance(error, SourceError) else f"it cannot be put back: {error.strerror}"
    try:
        _clear(entry, paths)
        if _is_undone(entry, paths):
            entry.state = State.UNDONE
            return None
    except (OSError, SourceError):
        return f"{reason}. Nobody can tell where it stands; undo again to find out"
    entry.state = State.DONE
    return reason


def _undo(entry: JournalEntry, paths: TargetPaths) -> None:
    if entry.target is None:  # it was left where it is
        return
    _clear(entry, paths)
    target = paths.target(entry)
    if entry.placing == Placing.SYMLINK:
        _remove_link(entry, target)
    elif entry.placing == Placing.MOVE and not has_content(entry.source, entry.sha256):
        _move_back(entry, paths)
    else:
        _remove_twin(entry, paths)


def _clear(entry: JournalEntry, paths: TargetPaths) -> None:
    """Clear away what an earlier try has left half-done."""
    if entry.target is None:
        return
    target = paths.target(entry)
    aside = paths.aside(entry, target.parent)
    if exists(aside):
        put_back(aside, target)
    drop_part(paths.part(entry, entry.source.parent), entry.source)


def _is_undone(entry: JournalEntry, paths: TargetPaths) -> bool:
    if entry.target is None:
        return True
    if exists(paths.target(entry)):
        return False
    return entry.placing != Placing.MOVE or has_content(entry.source, entry.sha256)


def _remove_link(entry: JournalEntry, target: Path) -> None:
    if exists(target):
        if not leads_to(target, entry.source):
            raise ChangedError
        target.unlink()


def _remove_twin(entry: JournalEntry, paths: TargetPaths) -> None:
    """The source has its content: what stands in the output is one too many, if that is still the same."""
    target = paths.target(entry)
    if not exists(target):
        return
    with open_unchanged(target) as twin:
        if twin.digest() != entry.sha256:
            raise ChangedError
        if not has_content(entry.source, entry.sha256):
            raise SourceError("its source is no longer what it was, so that this may be the only copy")
        if twin.status.st_nlink < 2 and os.path.samestat(twin.status, entry.source.lstat()):
            raise SourceError("it is the source itself")
        remove_same(target, twin.identity, entry.sha256, paths.aside(entry, target.parent))


def _move_back(entry: JournalEntry, paths: TargetPaths) -> None:
    target = paths.target(entry)
    if not exists(target):
        raise SourceError("it is no longer in the output")
    with open_unchanged(target) as file:
        if file.digest() != entry.sha256:
            raise ChangedError
        try:
            entry.source.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise SourceError("its old folder is a file now") from None
        sync_open(file.descriptor)
        try:
            if not _rename_back(entry, target, file):
                _copy_back(entry, paths, file)
        except FileExistsError:
            raise SourceError("another file has taken its old place") from None


def _rename_back(entry: JournalEntry, target: Path, file: OpenFile) -> bool:
    try:
        rename_without_replacing(target, entry.source)
    except OSError as error:
        if error.errno in CANNOT and exists(target):
            return False
        raise
    failpoints.failpoint("renamed back")
    if not os.path.samestat(entry.source.lstat(), file.status):
        put_back(entry.source, target)
        raise ChangedError
    return True


def _copy_back(entry: JournalEntry, paths: TargetPaths, file: OpenFile) -> None:
    folder = entry.source.parent
    part = paths.part(entry, folder)
    copy_aside(file, entry.sha256, part, with_owner=True)
    try:
        publish(part, entry.source)
    except FileExistsError:
        part.unlink()
        raise
    failpoints.failpoint("copied back")
    sync_folder(folder)
    target = paths.target(entry)
    remove_same(target, file.identity, entry.sha256, paths.aside(entry, target.parent))
