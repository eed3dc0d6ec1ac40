"""What a prepared folder remembers: which source gave which files, so that a killed run goes on where it was."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from pigeonhole.errors import OutputError
from pigeonhole.files.folders import below_output
from pigeonhole.text import printable
from pigeonhole.transaction import transaction

VERSION = 1

_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,   -- the source and the options that matter
    detail TEXT NOT NULL        -- what the command wants to know of it again
);
CREATE TABLE item (
    job INTEGER NOT NULL,
    item BLOB NOT NULL,         -- one piece of the source: a picture, a place in a film
    done INTEGER NOT NULL,      -- 0: its files are announced; 1: they stand in their place
    detail TEXT NOT NULL,
    PRIMARY KEY (job, item)
) WITHOUT ROWID;
CREATE TABLE file (
    job INTEGER NOT NULL,
    item BLOB NOT NULL,
    number INTEGER NOT NULL,
    target BLOB NOT NULL,       -- relative to the folder; bytes, because a name need not be text
    sha256 TEXT NOT NULL,
    PRIMARY KEY (job, item, number)
) WITHOUT ROWID;
CREATE INDEX item_open ON item (job) WHERE done = 0;
"""


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is about to stand at `target`, below the folder; `sha256` is the digest of its bytes."""

    target: PurePath
    sha256: str


@dataclass(frozen=True, slots=True)
class Job:
    """One source with one set of options. `detail` is the command's own text about it."""

    id: int
    detail: str


class Ledger:
    """An SQLite file; every call is one transaction that survives a power cut. Raises OutputError where it cannot."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._errors_as_sentences():
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = FULL")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            elif version != VERSION:
                raise OutputError(
                    f"{printable(path)} is of version {version}, and this pigeonhole reads version {VERSION}.",
                    "Choose another folder, or use the version of pigeonhole that made it.",
                )

    def close(self) -> None:
        self._connection.close()

    def job(self, key: str, detail: str = "") -> Job:
        """The job of this key, which is new with `detail` where there was none."""
        with self._errors_as_sentences():
            self._connection.execute("INSERT OR IGNORE INTO job (key, detail) VALUES (?, ?)", (key, detail))
            row = self._connection.execute("SELECT id, detail FROM job WHERE key = ?", (key,)).fetchone()
        return Job(*row)

    def jobs(self, key: str) -> Iterator[tuple[str, str]]:
        """Key and detail of every job whose key begins with `key`."""
        query = "SELECT key, detail FROM job WHERE substr(key, 1, ?) = ? ORDER BY id"
        with self._errors_as_sentences():
            yield from self._connection.execute(query, (len(key), key)).fetchall()

    def describe(self, job: Job, detail: str) -> Job:
        """The same job with another detail."""
        with self._errors_as_sentences():
            self._connection.execute("UPDATE job SET detail = ? WHERE id = ?", (detail, job.id))
        return Job(job.id, detail)

    def is_done(self, job: Job, item: bytes) -> bool:
        query = "SELECT 1 FROM item WHERE job = ? AND item = ? AND done = 1"
        with self._errors_as_sentences():
            return self._connection.execute(query, (job.id, item)).fetchone() is not None

    def is_done_elsewhere(self, job: Job, key: str, item: bytes) -> bool:
        """Whether another job has done `item`, of those whose key begins with `key`."""
        query = """SELECT 1 FROM job JOIN item ON job = id
            WHERE item = ? AND done = 1 AND id != ? AND substr(key, 1, ?) = ?"""
        with self._errors_as_sentences():
            return self._connection.execute(query, (item, job.id, len(key), key)).fetchone() is not None

    def details(self, job: Job) -> Iterator[str]:
        """The details of all that is done, in the order of the items."""
        query = "SELECT detail FROM item WHERE job = ? AND done = 1 ORDER BY item"
        with self._errors_as_sentences():
            for (detail,) in self._connection.execute(query, (job.id,)):
                yield detail

    def announced(self, job: Job, item: bytes) -> list[Announced]:
        """The files of an item that a killed run was about to write, or has written."""
        query = "SELECT target, sha256 FROM file WHERE job = ? AND item = ? ORDER BY number"
        with self._errors_as_sentences():
            rows = self._connection.execute(query, (job.id, item)).fetchall()
            return [Announced(below_output(PurePath(os.fsdecode(target))), sha256) for target, sha256 in rows]

    def unfinished(self) -> list[PurePath]:
        """Every file that a killed run had announced and perhaps not published."""
        query = "SELECT target FROM file JOIN item USING (job, item) WHERE done = 0"
        with self._errors_as_sentences():
            rows = self._connection.execute(query).fetchall()
            return [below_output(PurePath(os.fsdecode(target))) for (target,) in rows]

    def announce(self, job: Job, items: Iterable[tuple[bytes, str, Sequence[Announced]]]) -> None:
        """Write down which files each (item, detail) is about to give."""
        with self._errors_as_sentences(), transaction(self._connection):
            for item, detail, files in items:
                self._connection.execute("INSERT OR REPLACE INTO item VALUES (?, ?, 0, ?)", (job.id, item, detail))
                self._connection.execute("DELETE FROM file WHERE job = ? AND item = ?", (job.id, item))
                rows = enumerate((os.fsencode(each.target), each.sha256) for each in files)
                self._connection.executemany(
                    "INSERT INTO file VALUES (?, ?, ?, ?, ?)", [(job.id, item, number, *row) for number, row in rows]
                )

    def rename(self, job: Job, item: bytes, number: int, target: PurePath) -> None:
        """An announced file gets another name."""
        with self._errors_as_sentences():
            self._connection.execute(
                "UPDATE file SET target = ? WHERE job = ? AND item = ? AND number = ?",
                (os.fsencode(target), job.id, item, number),
            )

    def finish(self, job: Job, items: Iterable[bytes]) -> None:
        """Their files stand in their places."""
        with self._errors_as_sentences(), transaction(self._connection):
            self._connection.executemany(
                "UPDATE item SET done = 1 WHERE job = ? AND item = ?", [(job.id, item) for item in items]
            )

    @contextmanager
    def _errors_as_sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutputError(f"{printable(self._path)} cannot be written or read: {error}.") from None
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise OutputError(
                f"{printable(self._path)} is damaged: {error}.", "Delete it, or choose another folder."
            ) from None
