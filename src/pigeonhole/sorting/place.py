"""A file goes to its place; nothing that is there is ever overwritten, and no source is ever in danger."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.copy import copy_aside
from pigeonhole.files.folders import make_folders
from pigeonhole.files.publish import CANNOT, publish, rename_without_replacing, sync_open
from pigeonhole.files.remove import put_back, remove_same
from pigeonhole.files.source import ChangedError, Held, SourceError, held
from pigeonhole.sorting.options import Placing
from pigeonhole.sorting.row import Row, State

OtherName = Callable[[], None]
"""Gives the row another target, and writes it down, because someone has taken the one that it had."""


class Places:
    """Where the files of a row stand: its target, and hidden ones for as long as it takes.

    `token` keeps the hidden names of two outputs apart.
    """

    def __init__(self, out: Path, token: str) -> None:
        self.out = out
        self._token = token

    def target(self, row: Row) -> Path:
        if row.target is None:
            raise ValueError(row)
        return self.out / row.target

    def part(self, row: Row, folder: Path) -> Path:
        """What is being written in `folder`."""
        return folder / f".pigeonhole-{self._token}-{row.id}.part"

    def aside(self, row: Row, folder: Path) -> Path:
        """What is about to be removed from `folder`."""
        return folder / f".pigeonhole-{self._token}-{row.id}.aside"


def put(row: Row, places: Places, other_name: OtherName) -> None:
    """Make the source appear as the row's target, all at once and compared with its digest.

    Afterwards the row is DONE; PLACED where a move had to copy, and the source has still to go (`remove_source`).
    Raises SourceError where the source is not what it was, OSError where the target cannot be written; then the source
    is where it was, and nothing has appeared.
    """
    with held(row.source, row.identity) as source:
        make_folders(places.out, places.target(row).parent.relative_to(places.out))
        match row.placing:
            case Placing.MOVE:
                moved = _rename(row, source, places, other_name)
                if not moved:
                    _copy(row, source, places, other_name)
                row.state = State.DONE if moved else State.PLACED
            case Placing.HARDLINK:
                _hardlink(row, source, places, other_name)
                row.state = State.DONE
            case Placing.SYMLINK:
                _claim(row, places, other_name, lambda target: target.symlink_to(row.source))
                row.state = State.DONE
            case _:
                _copy(row, source, places, other_name)
                row.state = State.DONE
    failpoints.failpoint("published")


def remove_source(row: Row, places: Places) -> None:
    """The last step of a move that copied: the source goes, if it is still the same file. The row is DONE.

    Where it cannot be removed, its `trouble` says why; where another file has taken its place, that one stays.
    """
    aside = places.aside(row, row.source.parent)
    try:
        remove_same(row.source, row.identity, row.sha256, aside)
    except SourceError:
        pass  # it was edited or replaced, or someone else removed it: what we read stands in its place
    except OSError as error:
        if os.path.lexists(aside):
            put_back(aside, row.source)
        row.trouble = cannot_remove(error)
    row.state = State.DONE
    failpoints.failpoint("source removed")


def cannot_remove(error: OSError) -> str:
    return f"it stands in the output, but cannot be removed from where it was: {error.strerror}"


def _claim(row: Row, places: Places, other_name: OtherName, way: Callable[[Path], None]) -> None:
    while True:
        try:
            way(places.target(row))
        except FileExistsError:
            other_name()
        else:
            return


def _copy(row: Row, source: Held, places: Places, other_name: OtherName) -> None:
    part = places.part(row, places.target(row).parent)
    copy_aside(source, row.sha256, part)
    try:
        _claim(row, places, other_name, lambda target: publish(part, target))
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _rename(row: Row, source: Held, places: Places, other_name: OtherName) -> bool:
    """Within one file system the file itself moves, in one step: nothing is copied, so nothing can be lost.

    False where that is not possible.
    """
    _compare(row, source)
    sync_open(source.descriptor)
    try:
        _claim(row, places, other_name, lambda target: rename_without_replacing(row.source, target))
    except FileNotFoundError as error:
        if os.path.lexists(row.source):
            raise
        raise SourceError.of(error) from None
    except OSError as error:
        if error.errno in CANNOT:
            return False
        raise
    failpoints.failpoint("renamed")
    # Between our look and the renaming its name may have come to mean another file, or an editor may have written.
    target = places.target(row)
    status = target.lstat()
    if (status.st_dev, status.st_ino) != (row.identity.device, row.identity.inode) or not row.identity.is_renamed(
        source.now()
    ):
        put_back(target, row.source)
        raise ChangedError
    return True


def _hardlink(row: Row, source: Held, places: Places, other_name: OtherName) -> None:
    _compare(row, source)
    try:
        _claim(row, places, other_name, lambda target: os.link(row.source, target, follow_symlinks=False))
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise SourceError("it cannot have a second name there (use --copy or --symlink)") from None
        raise
    target = places.target(row)
    status = target.lstat()
    if (status.st_dev, status.st_ino) != (row.identity.device, row.identity.inode):
        if status.st_nlink > 1:  # it may meanwhile be the only name of someone's new file
            target.unlink()
        raise ChangedError


def _compare(row: Row, source: Held) -> None:
    if source.digest() != row.sha256:
        raise ChangedError
