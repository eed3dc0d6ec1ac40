"""One file goes back to where it came from, or stays because it is no longer what it was."""

import os
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.copy import copy_aside
from pigeonhole.files.publish import CANNOT, publish, rename_without_replacing, sync_folder, sync_open
from pigeonhole.files.remove import put_back, remove_same
from pigeonhole.files.source import ChangedError, OpenFile, SourceError, has_content, open_unchanged
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.sorting.options import Placing
from pigeonhole.sorting.placing import TargetPaths


def undo_entry(entry: JournalEntry, paths: TargetPaths) -> str | None:
    """Undo one entry. Returns None where that is done (it is UNDONE), else why it is refused (it is DONE).

    May be repeated after it was killed at any step.
    """
    try:
        _undo(entry, paths)
    except ChangedError:
        entry.state = State.DONE
        return "it is no longer what was put there"
    except SourceError as error:
        entry.state = State.DONE
        return error.reason
    except OSError as error:
        entry.state = State.DONE
        return f"it cannot be put back: {error.strerror}"
    entry.state = State.UNDONE
    failpoints.failpoint("taken back")
    return None


def _undo(entry: JournalEntry, paths: TargetPaths) -> None:
    if entry.target is None:  # it was left where it is
        return
    target = paths.target(entry)
    aside = paths.aside(entry, target.parent)
    if os.path.lexists(aside):
        put_back(aside, target)
    paths.part(entry, entry.source.parent).unlink(missing_ok=True)
    if entry.placing == Placing.SYMLINK:
        _remove_link(entry, target)
    elif entry.placing == Placing.MOVE and not has_content(entry.source, entry.sha256):
        _move_back(entry, paths)
    else:
        _remove_twin(entry, paths)


def _remove_link(entry: JournalEntry, target: Path) -> None:
    if os.path.lexists(target):
        if not target.is_symlink() or target.readlink() != entry.source:
            raise ChangedError
        target.unlink()


def _remove_twin(entry: JournalEntry, paths: TargetPaths) -> None:
    """The source has its content: what stands in the output is one too many, if that is still the same."""
    target = paths.target(entry)
    if not os.path.lexists(target):
        return
    with open_unchanged(target) as twin:
        if twin.digest() != entry.sha256:
            raise ChangedError
        if not has_content(entry.source, entry.sha256):
            raise SourceError("its source is no longer what it was, so that this may be the only copy")
        if target.samefile(entry.source) and twin.status.st_nlink < 2:
            raise SourceError("it is the source itself")
        remove_same(target, twin.identity, entry.sha256, paths.aside(entry, target.parent))


def _move_back(entry: JournalEntry, paths: TargetPaths) -> None:
    target = paths.target(entry)
    if not os.path.lexists(target):
        raise SourceError("it is no longer in the output")
    with open_unchanged(target) as file:
        if file.digest() != entry.sha256:
            raise ChangedError
        entry.source.parent.mkdir(parents=True, exist_ok=True)
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
        if error.errno in CANNOT:
            return False
        raise
    failpoints.failpoint("renamed back")
    status = entry.source.lstat()
    if (status.st_dev, status.st_ino) != (file.identity.device, file.identity.inode):
        put_back(entry.source, target)
        raise ChangedError
    return True


def _copy_back(entry: JournalEntry, paths: TargetPaths, file: OpenFile) -> None:
    folder = entry.source.parent
    part = paths.part(entry, folder)
    copy_aside(file, entry.sha256, part)
    try:
        publish(part, entry.source)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    failpoints.failpoint("copied back")
    sync_folder(folder)
    target = paths.target(entry)
    remove_same(target, file.identity, entry.sha256, paths.aside(entry, target.parent))
