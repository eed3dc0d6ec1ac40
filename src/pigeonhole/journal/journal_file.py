"""The journal's file: made all at once, checked before anything is touched, never silently replaced."""

import errno
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pigeonhole.errors import OutputError, cure_of
from pigeonhole.files.publish import sync, sync_folder
from pigeonhole.files.source import exists, status_of
from pigeonhole.journal.origin import birth_mark
from pigeonhole.sqlite_errors import errno_of
from pigeonhole.text import printable

JOURNAL = "journal.sqlite"
README = "README.txt"
APPLICATION = 0x50484F4C  # in the file's header: whose SQLite file it is
VERSION = 1
LOCKED = "Another program has it open. Close that program, then run the same command again."

_README = """What pigeonhole did in the folder above: which picture came from where.
Without it, nothing there can be undone, and sorting again sorts everything again.
Look at it with `pigeonhole log`, take it back with `pigeonhole undo`.
"""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE file (
    id INTEGER PRIMARY KEY,    -- counts up; what {{index}} in a name is
    state TEXT NOT NULL,       -- planned, placed (the source is still to be removed), done, undoing, undone
    source BLOB NOT NULL,      -- absolute; bytes, because a name need not be text
    device INTEGER NOT NULL,   -- device … ctime_ns: the source as it was when it was read, times in nanoseconds
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    seen_ns INTEGER NOT NULL,  -- when that was
    sha256 TEXT NOT NULL,
    verdict TEXT NOT NULL,     -- sorted, unknown, unreadable
    category TEXT,             -- of the best guess, with its score from 0 to 1
    score REAL,
    reason TEXT NOT NULL,      -- why it is unreadable or unknown
    placing TEXT NOT NULL,     -- copy, move, hardlink, symlink, left
    trouble TEXT,              -- why its source, which was to be moved, could not be removed
    target BLOB                -- relative to the output folder; NULL: left where it was
);
CREATE INDEX file_source ON file (source);
CREATE INDEX file_open ON file (id) WHERE state IN ('planned', 'placed', 'undoing');
CREATE TABLE folder (path BLOB PRIMARY KEY) WITHOUT ROWID;  -- the sub-folders that we made, relative to the output
"""


@contextmanager
def errors_as_sentences(path: Path) -> Iterator[None]:
    """SQLite's exceptions as sentences: OutputError for what it cannot write as for what is damaged."""
    try:
        yield
    except sqlite3.OperationalError as error:
        happened = f"The journal {printable(path)} cannot be written or read: {error}."
        number = errno_of(error)
        raise OutputError(happened, LOCKED if number == errno.EBUSY else cure_of(number)) from None
    except (sqlite3.DatabaseError, ValueError, TypeError, OverflowError) as error:
        raise _damaged(path, str(error)) from None


def create(path: Path) -> None:
    """Make an empty journal at `path`, where a kill or a power cut leaves either none or a whole one."""
    new = path.with_name(path.name + ".new")
    for leftover in (new, new.with_name(new.name + "-journal")):
        leftover.unlink(missing_ok=True)
    with errors_as_sentences(path), closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # it is synced once, when it is whole
        connection.executescript(_SCHEMA)
        # Part of the names of our own hidden files: two outputs may have the same source folder.
        about = {"token": secrets.token_hex(4), **birth_mark(new)}
        connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
    sync(new)
    new.rename(path)


def mark(path: Path) -> None:
    """Say beside the journal what it is; this also tells one that was never there from one that was taken away."""
    readme = path.parent / README
    if exists(readme):
        return
    # Never through a link: it may lead to a file of someone's own.
    descriptor = os.open(readme, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "w") as file:
        file.write(_README)
    sync_folder(path.parent)


def is_there(path: Path) -> bool:
    """Whether there is a journal at `path`. Raises OutputError where there was one and it is missing, or where nobody
    can tell.
    """
    try:
        if exists(path):
            return True
        was_there = exists(path.parent / README) or exists(path.with_name(path.name + "-wal"))
    except OSError as error:
        raise _cannot_read(path, error) from None
    if was_there:
        raise OutputError(
            f"The journal {printable(path)} is missing.",
            f"Put it back, or delete the folder {printable(path.parent)} to begin anew (nothing can be undone then).",
        )
    return False


def connect(path: Path, *, read_only: bool = False) -> tuple[sqlite3.Connection, str]:
    """The checked journal at `path`, and its SQLite journal mode, which is `wal` wherever the file system can.

    Raises OutputError where it is damaged, another program's, or cannot be opened.
    """
    try:
        _check_head(path)
        address = _address(path, read_only)
    except OSError as error:
        raise _cannot_read(path, error) from None
    with errors_as_sentences(path):
        connection = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            mode = "" if read_only else _make_safe(connection)
            _check(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection, mode


def _make_safe(connection: sqlite3.Connection) -> str:
    """Every commit survives a power cut. FULL, because a source is removed on the word of the journal."""
    mode = _write_ahead(connection)
    if mode != "wal":
        (mode,) = connection.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 256")  # pages: the log stays at about a megabyte
    return str(mode)


def _write_ahead(connection: sqlite3.Connection) -> str:
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("SELECT count(*) FROM about").fetchone()  # only now is the shared memory asked for
    except sqlite3.OperationalError:  # NFS, 9p and some FUSE systems share no memory
        return ""
    return str(mode)


def _address(path: Path, read_only: bool) -> str:
    uri = path.absolute().as_uri()
    if not read_only:
        return f"{uri}?mode=rw"
    # A reader of a log needs to write beside it. Without one nobody is writing, and a plain file will do.
    log = status_of(path.with_name(path.name + "-wal"))
    return f"{uri}?mode=ro" if log and log.st_size else f"{uri}?immutable=1"


def _check_head(path: Path) -> None:
    """SQLite takes an empty file for a new database; for us it is a journal that was lost."""
    for beside in ("", "-wal", "-shm", "-journal"):
        status = status_of(path.with_name(path.name + beside))
        if status and not stat.S_ISREG(status.st_mode):  # SQLite would follow a link, and wait for a pipe
            raise _damaged(path, f"{path.name}{beside} is no file")
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise _damaged(path, "it is no SQLite file")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise _damaged(path, "it was made by another program")
    if version != VERSION:
        raise OutputError(
            f"The journal {printable(path)} is of version {version}, and this pigeonhole reads version {VERSION}.",
            "Use the version of pigeonhole that made it.",
        )
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _damaged(path, " ".join(str(verdict).split()))


def _cannot_read(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The journal {printable(path)} cannot be read: {error.strerror}.", "Check its permissions and its disk."
    )


def _damaged(path: Path, why: str) -> OutputError:
    return OutputError(
        f"The journal {printable(path)} is damaged or not ours: {why}.",
        f"Nothing was touched. Put it back from a copy, or move {printable(path.parent)} away to begin anew "
        "(nothing can be undone then).",
    )
