"""A file goes to its place; nothing that is there is ever overwritten, and no source is ever in danger."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.copy import copy_aside
from pigeonhole.files.folders import leads_through_link, make_folders
from pigeonhole.files.publish import CANNOT, publish, rename_without_replacing, sync_open
from pigeonhole.files.remove import put_back, remove_same
from pigeonhole.files.source import ChangedError, OpenFile, SourceError, exists, open_unchanged, reason_of
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.placing.mode import Placing
from pigeonhole.records import Identity

OtherName = Callable[[], None]
"""Gives the entry another target, and writes it down, because someone has taken the one that it had."""


class TargetPaths:
    """Where the files of an entry stand: its target, and hidden ones for as long as it takes.

    `token` keeps the hidden names of two outputs apart.
    """

    def __init__(self, out: Path, token: str) -> None:
        self.out = out
        self._token = token

    def target(self, entry: JournalEntry) -> Path:
        if entry.target is None:
            raise ValueError(entry)
        return self.out / entry.target

    def lead_elsewhere(self, entry: JournalEntry) -> bool:
        """Whether a folder on the way to the target is a link now, so that another file would be meant."""
        return entry.target is not None and leads_through_link(self.out, entry.target.parent)

    def part(self, entry: JournalEntry, folder: Path) -> Path:
        """What is being written in `folder`."""
        return folder / f".pigeonhole-{self._token}-{entry.id}.part"

    def aside(self, entry: JournalEntry, folder: Path) -> Path:
        """What is about to be removed from `folder`."""
        return folder / f".pigeonhole-{self._token}-{entry.id}.aside"


def place_file(entry: JournalEntry, paths: TargetPaths, other_name: OtherName) -> None:
    """Make the source appear as the entry's target, all at once and compared with its digest.

    Afterwards the entry is DONE; PLACED where a move had to copy, and the source has still to go (`remove_source`).
    Raises SourceError where the source is not what it was, OSError where a disk fails. Then the entry is as before, and
    only a look at the disk can tell what has become of the file (`recover.bring_to_end`): it is whole in any case.
    """
    with open_unchanged(entry.source, entry.identity) as source:
        make_folders(paths.out, paths.target(entry).parent.relative_to(paths.out))
        match entry.placing:
            case Placing.MOVE:
                moved = _rename(entry, source, paths, other_name)
                if not moved:
                    _copy(entry, source, paths, other_name)
                entry.state = State.DONE if moved else State.PLACED
            case Placing.HARDLINK:
                _hardlink(entry, source, paths, other_name)
                entry.state = State.DONE
            case Placing.SYMLINK:
                if source.identity != entry.identity:
                    _compare(entry, source)
                _claim(entry, paths, other_name, lambda target: target.symlink_to(entry.source))
                entry.state = State.DONE
            case _:
                _copy(entry, source, paths, other_name)
                entry.state = State.DONE
    failpoints.failpoint("published")


def remove_source(entry: JournalEntry, identity: Identity, paths: TargetPaths) -> None:
    """The last step of a move that copied: the source goes, if it is still the file `identity`. The entry is DONE.

    Where it cannot be removed, its `trouble` says why; where another file has taken its place, that one stays. Raises
    OSError or SourceError where nobody can tell whether it has gone; then the entry is PLACED as before.
    """
    aside = paths.aside(entry, entry.source.parent)
    entry.trouble = None
    try:
        remove_same(entry.source, identity, entry.sha256, aside)
    except ChangedError:
        pass  # it was edited or replaced, or someone else removed it: what we read stands in the output
    except (OSError, SourceError) as error:
        if exists(aside):
            put_back(aside, entry.source)
        if exists(entry.source):
            entry.trouble = cannot_remove(error)
    entry.state = State.DONE
    failpoints.failpoint("source removed")


def cannot_remove(error: OSError | SourceError) -> str:
    return f"it stands in the output, but cannot be removed from where it was: {reason_of(error)}"


def _claim(entry: JournalEntry, paths: TargetPaths, other_name: OtherName, way: Callable[[Path], None]) -> None:
    while True:
        try:
            way(paths.target(entry))
        except FileExistsError:
            other_name()
        else:
            return


def _copy(entry: JournalEntry, source: OpenFile, paths: TargetPaths, other_name: OtherName) -> None:
    # While the part is there, an empty file under the target's name is known to be our reservation of it.
    part = paths.part(entry, paths.target(entry).parent)
    copy_aside(source, entry.sha256, part, with_owner=entry.placing == Placing.MOVE)
    _claim(entry, paths, other_name, lambda target: publish(part, target))


def _rename(entry: JournalEntry, source: OpenFile, paths: TargetPaths, other_name: OtherName) -> bool:
    """Within one file system the file itself moves, in one step: nothing is copied, so nothing can be lost.

    False where that is not possible.
    """
    _compare(entry, source)
    sync_open(source.descriptor)
    try:
        _claim(entry, paths, other_name, lambda target: rename_without_replacing(entry.source, target))
    except OSError as error:
        if not exists(entry.source):
            raise SourceError.of(error) from None
        if error.errno in CANNOT:
            return False
        raise
    failpoints.failpoint("renamed")
    # Between our look and the renaming its name may have come to mean another file, or an editor may have written.
    target = paths.target(entry)
    if not os.path.samestat(target.lstat(), source.status) or not source.identity.is_renamed(source.now()):
        put_back(target, entry.source)
        raise ChangedError
    return True


def _hardlink(entry: JournalEntry, source: OpenFile, paths: TargetPaths, other_name: OtherName) -> None:
    _compare(entry, source)
    try:
        _claim(entry, paths, other_name, lambda target: os.link(entry.source, target, follow_symlinks=False))
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise SourceError("it cannot have a second name there (use --copy or --symlink)") from None
        raise
    target = paths.target(entry)
    status = target.lstat()
    if not os.path.samestat(status, source.status):
        if status.st_nlink > 1:  # it may meanwhile be the only name of someone's new file
            target.unlink()
        raise ChangedError


def _compare(entry: JournalEntry, source: OpenFile) -> None:
    if source.digest() != entry.sha256:
        raise ChangedError
