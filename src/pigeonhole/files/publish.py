"""Making a file appear under its name all at once, complete, and never in another's place.

The way restic's local back end does it: a part file in the target folder → write → compare → fsync → publish → fsync
the folder. Publishing never overwrites: renameat2(RENAME_NOREPLACE) where the file system can, else a hard link, else
a name reserved with O_EXCL over which the part is renamed (NFS, exFAT, FUSE and 9p know the one or the other).
"""

import ctypes
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

PART_PREFIX = ".pigeonhole-"
PART_SUFFIX = ".part"
BLOCK = 1024 * 1024

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
# What a file system answers that does not know how to do it this way; anything else is a real failure.
_CANNOT = frozenset(
    (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EACCES, errno.ENOTTY)
)


class ChangedError(Exception):
    """The file is no longer the one that was read."""


def copy_aside_and_publish(source: Path, sha256: str, folder: Path, names: Iterable[str]) -> Path:
    """Copy `source` into `folder` under the first of `names` that is free, with its times and permissions.

    Raises ChangedError where what was copied has not the digest `sha256`, OSError where it cannot be written; then
    nothing has appeared.
    """
    part = _part_file(folder)
    try:
        _copy(source, part)
        if _digest_of(part) != sha256:
            raise ChangedError("it was changed while it was sorted")
        _sync(part)
        target = publish(part, folder, names)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(folder)
    return target


def write_aside_and_replace(path: Path, data: bytes) -> None:
    """Write `data` beside `path` and rename it: at every moment `path` is the old file or the new one, complete."""
    part = _part_file(path.parent)
    try:
        part.write_bytes(data)
        part.chmod(0o666 & ~_umask())
        _sync(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def publish(part: Path, folder: Path, names: Iterable[str]) -> Path:
    """Give `part` the first of `names` that nothing in `folder` has yet."""
    for name in names:
        target = folder / name
        with suppress(FileExistsError):
            _move_without_replacing(part, target)
            return target
    raise FileExistsError(errno.EEXIST, "every name is taken", str(folder))


def _move_without_replacing(part: Path, target: Path) -> None:
    for way in (_rename_no_replace, _link_and_unlink):
        try:
            way(part, target)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
        else:
            return
    _rename_over_reservation(part, target)


def _renameat2() -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def _rename_no_replace(part: Path, target: Path) -> None:
    call = _renameat2()
    if call is None:
        raise OSError(errno.ENOSYS, "no renameat2")
    if call(_AT_FDCWD, os.fsencode(part), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def _link_and_unlink(part: Path, target: Path) -> None:
    os.link(part, target)
    part.unlink()


def _rename_over_reservation(part: Path, target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC))
    try:
        part.replace(target)
    except OSError:
        target.unlink()
        raise


def _part_file(folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=PART_PREFIX, suffix=PART_SUFFIX, dir=folder)
    os.close(descriptor)
    return Path(name)


def _copy(source: Path, part: Path) -> None:
    with source.open("rb") as reader, part.open("wb") as writer:
        while block := reader.read(BLOCK):
            writer.write(block)
        status = os.fstat(reader.fileno())
    part.chmod(status.st_mode & 0o777)
    os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
