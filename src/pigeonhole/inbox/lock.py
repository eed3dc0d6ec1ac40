"""One watcher for each inbox. The system itself lets go of a lock whose process has died."""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from pigeonhole import own_names
from pigeonhole.errors import UsageError
from pigeonhole.text import printable

_UNKNOWN = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
_FILE = f"{own_names.PREFIX}-watch"


class InboxLock:
    """Held from creation to `release`. Raises UsageError where another process watches `inbox`.

    The folder itself is locked, which needs no file in it and no right to write. A file system that only locks files
    (NFS) gets one in the inbox; where that is read-only, too, the lock that a Sorter holds on its output has to do.
    """

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._descriptor: int | None = None
        with suppress(OSError):  # it cannot be entered, which whoever looks into it will find out
            self._take()

    def follow(self) -> None:
        """Lock the folder that stands at the path now. Raises UsageError as at first."""
        with suppress(OSError):
            if self._descriptor is None or not os.path.samestat(os.fstat(self._descriptor), self._inbox.stat()):
                self.release()
                self._take()

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _take(self) -> None:
        descriptor = os.open(self._inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if not self._lock(descriptor):
            os.close(descriptor)
            descriptor = os.open(self._inbox / _FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            self._lock(descriptor)
        self._descriptor = descriptor

    def _lock(self, descriptor: int) -> bool:
        """Whether this file system knows such a lock."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise UsageError(
                f"Another process watches {printable(self._inbox)} already.", "Stop that one first, or leave it to it."
            ) from None
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
            return False
        return True
