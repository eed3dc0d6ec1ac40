"""Small and large copies of pictures, made anew from their pixels by processes that may die, and kept by digest."""

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UnreadableError, not_written
from pigeonhole.files import find_named
from pigeonhole.labelling.pictures import Picture
from pigeonhole.sqlite_errors import cache_trouble
from pigeonhole.text import printable
from pigeonhole.web.shrink import SHRINK, Shrinking

SMALL, LARGE = 256, 1280  # pixels of the longer edge
POOLS = 2
MOST_BYTES = 300 * 1024**2  # of all that are kept
SOME = 200  # that go at once when there are too many
_SCHEMA = """
CREATE TABLE IF NOT EXISTS thumbnail (sha256 TEXT, edge INTEGER, jpeg BLOB, used REAL, PRIMARY KEY (sha256, edge));
CREATE INDEX IF NOT EXISTS thumbnail_used ON thumbnail (used);
"""


class Thumbnails:
    """Made when they are asked for. Threads may share it; the file `path` stays below MOST_BYTES."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")  # they can be made again
            self._connection.executescript(_SCHEMA)
            ((size,),) = self._connection.execute("SELECT coalesce(sum(length(jpeg)), 0) FROM thumbnail")
        except OSError as error:
            raise not_written(f"The folder {printable(path.parent)}", error, "made") from None
        except sqlite3.Error as error:
            raise cache_trouble(path, error) from None
        self._size: int = size
        self._pools: queue.SimpleQueue[DecoderPool] = queue.SimpleQueue()
        for _ in range(POOLS):
            self._pools.put(DecoderPool(1, decoder=SHRINK))

    def close(self) -> None:
        for _ in range(POOLS):
            self._pools.get().close()
        with self._lock:
            self._connection.close()

    def of(self, picture: Picture, edge: int, place: Path | None = None) -> bytes:
        """The JPEG of a picture, which stands at `place` by now if that is given. Raises UnreadableError where it is
        another one than was known, or cannot be read.
        """
        if picture.sha256 and (known := self._kept(picture.sha256, edge)):
            return known
        with self._pool() as pool:
            (made,) = pool.make([find_named(place or picture.path)], Shrinking(edge))
        if not isinstance(made, Made):
            raise UnreadableError(f"{printable(picture.path.name)}: {made.reason}")
        if picture.sha256 not in (None, made.sha256):
            raise UnreadableError(f"{printable(picture.path.name)} was changed since it was sorted.")
        picture.sha256 = made.sha256
        jpeg: bytes = made.value
        self._keep(made.sha256, edge, jpeg)
        return jpeg

    @contextmanager
    def _pool(self) -> Iterator[DecoderPool]:
        pool = self._pools.get()
        try:
            yield pool
        finally:
            self._pools.put(pool)

    def _kept(self, sha256: str, edge: int) -> bytes | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT jpeg FROM thumbnail WHERE sha256 = ? AND edge = ?", (sha256, edge)
            ).fetchone()
        return row[0] if row else None

    def _keep(self, sha256: str, edge: int, jpeg: bytes) -> None:
        """Keep it; where the disk is full, it is made again next time. The longest kept go first."""
        with self._lock:
            try:
                row = (sha256, edge, jpeg, time.time())
                self._connection.execute("INSERT OR REPLACE INTO thumbnail VALUES (?, ?, ?, ?)", row)
                self._size += len(jpeg)
                while self._size > self._most:
                    gone = self._connection.execute(
                        "DELETE FROM thumbnail WHERE rowid IN (SELECT rowid FROM thumbnail ORDER BY used LIMIT ?) "
                        "RETURNING length(jpeg)",
                        (SOME,),
                    ).fetchall()
                    self._size -= sum(size for (size,) in gone)
                    if not gone:
                        break
            except sqlite3.Error:
                return
