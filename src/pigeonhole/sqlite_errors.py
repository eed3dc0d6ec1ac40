"""What SQLite's errors mean for a user: a full disk is no reason to delete a file."""

import errno
import sqlite3
from pathlib import Path

from pigeonhole.errors import OutputError
from pigeonhole.text import printable

DELETE = "Delete it and run the command again: it is made anew."
IN_USE = "Another command uses it: wait until that has ended."
CURES = {
    errno.ENOSPC: "Make room on its disk, then run the command again.",
    errno.EBUSY: IN_USE,
    errno.EACCES: "Check its permissions and those of its folder.",
    errno.EIO: "Check its disk, and whether there is room on it.",
}
_MEANING = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
}


def errno_of(error: sqlite3.Error) -> int | None:
    """The number of the system's error that `error` stands for; None where the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # errors of the module itself have none
    return _MEANING.get(code & 0xFF)


def cache_trouble(path: Path, error: sqlite3.Error) -> OutputError:
    """The sentence for `error`, met in the cache `path`, with what helps against it."""
    return OutputError(
        f"The cache {printable(path)} cannot be used ({error}).", CURES.get(errno_of(error) or 0, DELETE)
    )
