"""One process at a time. The system itself lets go of a lock whose process has died."""

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

# POSIX locks do not keep one process from locking twice; and, unlike flock's, a child that outlives us holds none.
_held: set[tuple[int, int]] = set()


class TakenError(Exception):
    """Another process holds the lock; `holder` is its process number if it is known."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(f"process {holder}" if holder else "another process")


class Lock:
    """Holds `path` (made, and left there) from creation to `release`.

    Raises TakenError where another has it, OSError where the file cannot be made. `works` is False on a file system
    that knows no locks: then nobody is kept out.
    """

    def __init__(self, path: Path) -> None:
        self.works = True
        self._is_released = False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        self._descriptor = os.open(path, flags, 0o666)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):  # a pipe, say
            os.close(self._descriptor)
            raise OSError(errno.EINVAL, f"{path.name} in it is no file", str(path))
        self._key = (status.st_dev, status.st_ino)
        if self._key in _held:
            # Closing a second descriptor would let go of the first one's lock: it stays open.
            raise TakenError(str(os.getpid()))
        try:
            self._take()
        except BaseException:
            os.close(self._descriptor)
            raise
        _held.add(self._key)

    def _take(self) -> None:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise TakenError(os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()) from None
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS):
                raise
            self.works = False
            return
        with suppress(OSError):  # for whoever comes second; a full disk does not matter here
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go of it. May be called twice."""
        if self._is_released:
            return
        self._is_released = True
        _held.discard(self._key)
        with suppress(OSError):  # the lock is free all the same
            os.close(self._descriptor)
