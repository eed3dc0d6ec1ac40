"""Features of every training picture, each computed once and kept by the digest of its bytes."""

import hashlib
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.near_duplicates import EDGE
from pigeonhole.errors import not_written
from pigeonhole.files.source import status_of
from pigeonhole.sqlite_errors import cache_trouble
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

_ODD_LOOKS = """SELECT EXISTS (SELECT 1 FROM looks WHERE typeof(sha256) != 'text' OR typeof(view) != 'integer'
    OR typeof(vector) != 'blob' OR length(vector) % 4
    OR length(vector) != (SELECT length(vector) FROM looks LIMIT 1))"""
_ODD_THUMBNAILS = f"""SELECT EXISTS (SELECT 1 FROM thumbnails WHERE typeof(sha256) != 'text'
    OR typeof(pixels) != 'blob' OR length(pixels) != {EDGE * EDGE})"""  # noqa: S608 - our own number
THUMBNAIL = -1  # the view that its digest takes it for
WRITE_EVERY = 2.0  # seconds: what an interruption may cost


class FeatureStore:
    """float32 vectors by SHA-256 and view, one SQLite file per backbone: what was computed survives an interruption.

    What is put is written every WRITE_EVERY seconds, by `flush` and at the end: a commit waits for the disk, and one
    for every few pictures took longer than their network. In between, the file is not locked.

    Beside each entry stands a digest of it. `damaged` counts those that `has` found to be something else by now.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self.damaged = 0
        self._connection = connection
        self._written = time.monotonic()
        self._looks: list[tuple[str, int, bytes, bytes]] = []
        self._thumbnails: list[tuple[str, bytes, bytes]] = []
        connection.execute(
            "CREATE TABLE IF NOT EXISTS looks "
            "(sha256 TEXT, view INTEGER, vector BLOB, PRIMARY KEY (sha256, view)) WITHOUT ROWID"
        )
        connection.execute("CREATE TABLE IF NOT EXISTS thumbnails (sha256 TEXT PRIMARY KEY, pixels BLOB) WITHOUT ROWID")
        for table in ("looks", "thumbnails"):  # of an earlier version, which kept no digests
            if "digest" not in {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN digest BLOB")

    @classmethod
    @contextmanager
    def open(cls, workspace: Workspace, backbone: Backbone) -> Iterator["FeatureStore"]:
        """The store in TF_FILES/cache; one that is damaged is made anew, since it can be computed again.

        Raises OutputError where it cannot be written.
        """
        path = workspace.cache / f"features-{backbone.digest[:16]}.sqlite"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(f"The folder {printable(path.parent)}", error, "made") from None
        try:
            _drop_damaged(path)
        except OSError as error:
            raise not_written(f"The folder {printable(path.parent)}", error) from None
        try:
            with closing(sqlite3.connect(path)) as connection:
                store = cls(connection, path)
                try:
                    yield store
                finally:
                    store.flush()
        except sqlite3.Error as error:
            raise cache_trouble(path, error) from None

    def get(self, sha256: str, view: int) -> NDArray[np.float32] | None:
        row = self._connection.execute(
            "SELECT vector FROM looks WHERE sha256 = ? AND view = ?", (sha256, view)
        ).fetchone()
        return np.frombuffer(row[0], dtype="<f4") if row else None

    def has(self, sha256: str, view: int) -> bool:
        """Whether everything of this view is there, as it was written; caches of earlier versions lack some."""
        look = "SELECT vector, digest FROM looks WHERE sha256 = ? AND view = ?"
        small = "SELECT pixels, digest FROM thumbnails WHERE sha256 = ?"
        return self._is_sound(sha256, view, self._connection.execute(look, (sha256, view)).fetchone()) and (
            view != PLAIN or self._is_sound(sha256, THUMBNAIL, self._connection.execute(small, (sha256,)).fetchone())
        )

    def _is_sound(self, sha256: str, view: int, row: tuple[bytes, bytes | None] | None) -> bool:
        if row is None or row[1] is None:
            return False
        is_sound = row[1] == _digest(sha256, view, row[0])
        self.damaged += not is_sound
        return is_sound

    def thumbnails(self, examples: Sequence[Example]) -> NDArray[np.uint8]:
        """Those [N, 32, 32] of `examples`, whose plain view was stored before."""
        query = "SELECT pixels FROM thumbnails WHERE sha256 = ?"
        rows = [self._connection.execute(query, (example.sha256,)).fetchone() for example in examples]
        return np.frombuffer(b"".join(row[0] for row in rows), dtype=np.uint8).reshape(-1, EDGE, EDGE)

    def put(
        self,
        view: int,
        sha256s: Sequence[str],
        vectors: NDArray[np.float32],
        thumbnails: Sequence[NDArray[np.uint8]] = (),
    ) -> None:
        """Of the pictures `sha256s` [N] the `vectors` [N, D] of a view and, with the plain one, the `thumbnails`."""
        for sha256, vector in zip(sha256s, vectors, strict=True):
            data = vector.astype("<f4").tobytes()
            self._looks.append((sha256, view, data, _digest(sha256, view, data)))
        for sha256, small in zip(sha256s, thumbnails, strict=bool(thumbnails)):
            data = small.tobytes()
            self._thumbnails.append((sha256, data, _digest(sha256, THUMBNAIL, data)))
        if time.monotonic() - self._written > WRITE_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what was put, so that it can be read."""
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)", self._thumbnails)
            self._connection.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?)", self._looks)
        self._looks, self._thumbnails, self._written = [], [], time.monotonic()


def _digest(sha256: str, view: int, data: bytes) -> bytes:
    """Of an entry and of whose it is: 8 bytes, against what disks and other programs do, not against forgery."""
    return hashlib.blake2b(f"{sha256} {view} ".encode() + data, digest_size=8).digest()


def _drop_damaged(path: Path) -> None:
    """Remove the cache at `path` where it is no file, no database, or holds what we would not have written.

    One that another process has locked, or that lies on a disk that fails, stays. Raises OSError.
    """
    status = status_of(path)
    if status is None:
        return
    with suppress(sqlite3.OperationalError):
        if stat.S_ISREG(status.st_mode) and _is_sound(path):
            return
        for beside in ("", "-journal", "-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    """Whether every row has the form that we write. Raises sqlite3.OperationalError where nobody can tell."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                return True
            (odd,) = connection.execute(_ODD_LOOKS).fetchone()
            (odd_thumbnails,) = connection.execute(_ODD_THUMBNAILS).fetchone() if "thumbnails" in tables else (0,)
            return not odd and not odd_thumbnails
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_ERROR:  # other tables than ours
            return False
        raise
    except sqlite3.DatabaseError:
        return False
