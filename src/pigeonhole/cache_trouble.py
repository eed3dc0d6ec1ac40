"""What a user is told of a cache in SQLite that cannot be used: a full disk is no reason to delete what is in it."""

import sqlite3
from pathlib import Path

from pigeonhole.errors import OutputError
from pigeonhole.text import printable

DELETE = "Delete it and run the command again: it is made anew."
CURES = {
    sqlite3.SQLITE_FULL: "Make room on its disk, then run the command again.",
    sqlite3.SQLITE_BUSY: "Another command uses it: wait until that has ended.",
    sqlite3.SQLITE_LOCKED: "Another command uses it: wait until that has ended.",
    sqlite3.SQLITE_READONLY: "Check its permissions and those of its folder.",
    sqlite3.SQLITE_CANTOPEN: "Check its permissions and those of its folder.",
    sqlite3.SQLITE_PERM: "Check its permissions and those of its folder.",
    sqlite3.SQLITE_IOERR: "Check its disk, and whether there is room on it.",
}


def cache_trouble(path: Path, error: sqlite3.Error) -> OutputError:
    """The sentence for `error`, met in the file `path`, with what helps against it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # errors of the module itself have none
    return OutputError(f"The cache {printable(path)} cannot be used ({error}).", CURES.get(code & 0xFF, DELETE))
