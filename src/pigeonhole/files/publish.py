"""Making a file appear under its name all at once, complete, and never in another's place.

Publishing never overwrites: renameat2(RENAME_NOREPLACE) where the file system can, else a hard link, else a name
reserved with O_EXCL over which the part is renamed (NFS, exFAT, FUSE and 9p know the one or the other).
"""

import ctypes
import errno
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pigeonhole import failpoints, own_names

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
# What a file system answers that does not know how to do it this way; anything else is a real failure.
CANNOT = frozenset(
    (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EACCES, errno.ENOTTY)
)
# What a file system answers that cannot sync: it has nothing to offer in its place.
_CANNOT_SYNC = frozenset((errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EROFS))
_MAY_NOT_OPEN = frozenset((errno.EACCES, errno.EPERM))  # a folder that may be written and not listed


def publish(part: Path, target: Path) -> None:
    """Give the file `part` the name `target` in the same folder. Raises FileExistsError where that name is taken.

    After any other OSError the file stands under either name, or under both, and its content is whole.
    """
    for way in (rename_without_replacing, _link_and_unlink):
        try:
            way(part, target)
        except OSError as error:
            if error.errno not in CANNOT:
                raise
        else:
            return
    _rename_over_reservation(part, target)


def rename_without_replacing(source: Path, target: Path) -> None:
    """One step, in which `target` appears and `source` vanishes.

    Raises FileExistsError where `target` is taken, OSError with one of CANNOT where this file system does not know it.
    """
    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, "no renameat2")
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def write_aside_and_replace(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and rename it: at every moment `path` is the old file or the new one, complete."""
    part = _part_file(path.parent)
    try:
        part.write_bytes(data)
        part.chmod(0o666 & ~_umask())
        sync(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync(path: Path) -> None:
    """Wait until what was written to the file `path` is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync_open(descriptor)
    finally:
        os.close(descriptor)


def sync_open(descriptor: int) -> None:
    """The same for an open file, on file systems that can tell."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk, where that can be."""
    try:
        sync(folder)
    except OSError as error:
        if error.errno not in _MAY_NOT_OPEN:
            raise


@cache
def _renameat2() -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both names lead to one file; links are not followed. Raises OSError where one cannot be looked at."""
    return os.path.samestat(one.lstat(), other.lstat())


def _link_and_unlink(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        if not is_same_file(part, target):  # else it was our own call, whose answer a network has lost and asked again
            raise
    failpoints.failpoint("linked")
    part.unlink()


def _rename_over_reservation(part: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC)
    try:
        reservation = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    failpoints.failpoint("reserved")
    try:
        part.replace(target)
    except BaseException:
        # Should the renaming have happened all the same, this is no longer our empty file, and stays.
        if os.path.samestat(target.lstat(), reservation):
            target.unlink()
        raise


def _part_file(folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f"{own_names.PREFIX}-", suffix=".part", dir=folder)
    os.close(descriptor)
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
