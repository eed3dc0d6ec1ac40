"""Which pictures have a row, and where it stands: on disk, so that a million need the memory of a hundred."""

import os
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple
from weakref import finalize

from pigeonhole.answers.listed import Listed
from pigeonhole.answers.row import Result

_TABLE = """
CREATE TABLE rows (
    name BLOB PRIMARY KEY, part INTEGER, number INTEGER, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER,
    answered_ns INTEGER, sha256 TEXT, result TEXT
) WITHOUT ROWID
"""


class Indexed(NamedTuple):
    """The row `number` of the file `part`, and the state of the picture that it is about."""

    part: int
    number: int
    listed: Listed
    answered_ns: int
    sha256: str | None
    result: Result


class Index:
    """SQLite keeps it in a temporary file of its own that it removes."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        finalize(self, self._connection.close)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute(_TABLE)

    def add(self, part: int, states: Iterable[tuple[Listed, int, str | None, Result]]) -> int:
        """The rows of one part, in their order; they take the place of earlier ones of the same pictures. How many."""
        count = 0

        def values() -> Iterable[tuple[object, ...]]:
            nonlocal count
            for listed, answered_ns, sha256, result in states:
                yield (os.fsencode(listed.name), part, count, listed.size, listed.mtime_ns, listed.ctime_ns,
                       answered_ns, sha256, result.value)  # fmt: skip
                count += 1

        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values())
        self._connection.execute("COMMIT")
        return count

    def find(self, name: str) -> Indexed | None:
        found = self._connection.execute("SELECT * FROM rows WHERE name = ?", (os.fsencode(name),)).fetchone()
        if found is None:
            return None
        _, part, number, size, mtime_ns, ctime_ns, answered_ns, sha256, result = found
        return Indexed(part, number, Listed(name, size, mtime_ns, ctime_ns), answered_ns, sha256, Result(result))

    def remove(self, names: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM rows WHERE name = ?", ((os.fsencode(name),) for name in names))

    def __len__(self) -> int:
        (count,) = self._connection.execute("SELECT COUNT(*) FROM rows").fetchone()
        return int(count)
