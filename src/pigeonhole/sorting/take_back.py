"""One file goes back to where it came from, or stays because it is no longer what it was."""

import os
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.copy import copy_aside
from pigeonhole.files.publish import CANNOT, publish, rename_without_replacing, sync_folder, sync_open
from pigeonhole.files.remove import put_back, remove_same
from pigeonhole.files.source import ChangedError, Held, SourceError, has_content, held
from pigeonhole.sorting.options import Placing
from pigeonhole.sorting.place import Places
from pigeonhole.sorting.row import Row, State


def take_back(row: Row, places: Places) -> str | None:
    """Undo one row. Returns None where that is done (the row is UNDONE), else why it is refused (the row is DONE).

    May be repeated after it was killed at any step.
    """
    try:
        _take_back(row, places)
    except ChangedError:
        row.state = State.DONE
        return "it is no longer what was put there"
    except SourceError as error:
        row.state = State.DONE
        return error.reason
    except OSError as error:
        row.state = State.DONE
        return f"it cannot be put back: {error.strerror}"
    row.state = State.UNDONE
    failpoints.failpoint("taken back")
    return None


def _take_back(row: Row, places: Places) -> None:
    if row.target is None:  # it was left where it is
        return
    target = places.target(row)
    aside = places.aside(row, target.parent)
    if os.path.lexists(aside):
        put_back(aside, target)
    places.part(row, row.source.parent).unlink(missing_ok=True)
    if row.placing == Placing.SYMLINK:
        _remove_link(row, target)
    elif row.placing == Placing.MOVE and not has_content(row.source, row.sha256):
        _move_back(row, places)
    else:
        _remove_twin(row, places)


def _remove_link(row: Row, target: Path) -> None:
    if os.path.lexists(target):
        if not target.is_symlink() or target.readlink() != row.source:
            raise ChangedError
        target.unlink()


def _remove_twin(row: Row, places: Places) -> None:
    """The source has its content: what stands in the output is one too many, if that is still the same."""
    target = places.target(row)
    if not os.path.lexists(target):
        return
    with held(target) as twin:
        if twin.digest() != row.sha256:
            raise ChangedError
        if not has_content(row.source, row.sha256):
            raise SourceError("its source is no longer what it was, so that this may be the only copy")
        if target.samefile(row.source) and twin.status.st_nlink < 2:
            raise SourceError("it is the source itself")
        remove_same(target, twin.identity, row.sha256, places.aside(row, target.parent))


def _move_back(row: Row, places: Places) -> None:
    target = places.target(row)
    if not os.path.lexists(target):
        raise SourceError("it is no longer in the output")
    with held(target) as file:
        if file.digest() != row.sha256:
            raise ChangedError
        row.source.parent.mkdir(parents=True, exist_ok=True)
        sync_open(file.descriptor)
        try:
            if not _rename_back(row, target, file):
                _copy_back(row, places, file)
        except FileExistsError:
            raise SourceError("another file has taken its old place") from None


def _rename_back(row: Row, target: Path, file: Held) -> bool:
    try:
        rename_without_replacing(target, row.source)
    except OSError as error:
        if error.errno in CANNOT:
            return False
        raise
    failpoints.failpoint("renamed back")
    status = row.source.lstat()
    if (status.st_dev, status.st_ino) != (file.identity.device, file.identity.inode):
        put_back(row.source, target)
        raise ChangedError
    return True


def _copy_back(row: Row, places: Places, file: Held) -> None:
    folder = row.source.parent
    part = places.part(row, folder)
    copy_aside(file, row.sha256, part)
    try:
        publish(part, row.source)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    failpoints.failpoint("copied back")
    sync_folder(folder)
    target = places.target(row)
    remove_same(target, file.identity, row.sha256, places.aside(row, target.parent))
