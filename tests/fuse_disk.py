"""A FUSE file system that shows another folder, as sshfs, cloud drives and Docker Desktop's mounts are: python
tests/fuse_disk.py FOLDER POINT SECONDS. The kernel believes what it was told of a file for so many SECONDS.
"""

import errno
import os
import sys
from typing import Any

from fuse import FUSE, FuseOSError, Operations

STATUS = ("st_atime", "st_ctime", "st_gid", "st_ino", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
ROOM = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize", "f_namemax")


class Shown(Operations):  # type: ignore[misc]
    """Every call is passed on. It knows no renaming without overwriting and no cloning, as FUSE 2 does not."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __call__(self, operation: str, path: str, *arguments: Any) -> Any:
        try:
            return getattr(self, operation)(self._folder + path, *arguments)
        except OSError as error:
            raise FuseOSError(error.errno) from None
        except AttributeError:
            raise FuseOSError(errno.ENOSYS) from None

    def init(self, path: str) -> None: ...

    def destroy(self, path: str) -> None: ...

    def getattr(self, path: str, handle: int | None = None) -> dict[str, Any]:
        status = os.lstat(path) if handle is None else os.fstat(handle)
        return {name: getattr(status, name) for name in STATUS}

    def statfs(self, path: str) -> dict[str, int]:
        room = os.statvfs(path)
        return {name: getattr(room, name) for name in ROOM}

    def readdir(self, path: str, handle: int) -> list[str]:
        return [".", "..", *os.listdir(path)]  # noqa: PTH208

    def readlink(self, path: str) -> str:
        return os.readlink(path)  # noqa: PTH115

    def create(self, path: str, mode: int) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

    def open(self, path: str, flags: int) -> int:
        return os.open(path, flags & ~(os.O_CREAT | os.O_NOFOLLOW))

    def read(self, path: str, count: int, offset: int, handle: int) -> bytes:
        return os.pread(handle, count, offset)

    def write(self, path: str, data: bytes, offset: int, handle: int) -> int:
        return os.pwrite(handle, data, offset)

    def truncate(self, path: str, length: int, handle: int | None = None) -> None:
        os.truncate(path if handle is None else handle, length)

    def fsync(self, path: str, only_data: int, handle: int) -> None:
        os.fsync(handle)

    def release(self, path: str, handle: int) -> None:
        os.close(handle)

    def link(self, path: str, source: str) -> None:
        os.link(self._folder + source, path)

    def rename(self, path: str, new: str) -> None:
        os.rename(path, self._folder + new)  # noqa: PTH104

    def symlink(self, path: str, source: str) -> None:
        os.symlink(source, path)  # noqa: PTH211

    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(path, mode)  # noqa: PTH102

    def rmdir(self, path: str) -> None:
        os.rmdir(path)  # noqa: PTH106

    def unlink(self, path: str) -> None:
        os.unlink(path)  # noqa: PTH108

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(path, mode)  # noqa: PTH101

    def chown(self, path: str, owner: int, group: int) -> None:
        os.lchown(path, owner, group)

    def utimens(self, path: str, times: tuple[float, float] | None = None) -> None:
        os.utime(path, times, follow_symlinks=False)


if __name__ == "__main__":
    folder, point, seconds = sys.argv[1:]
    kept = {"attr_timeout": float(seconds), "entry_timeout": float(seconds)}
    FUSE(Shown(folder), point, foreground=True, nothreads=True, use_ino=True, **kept)
