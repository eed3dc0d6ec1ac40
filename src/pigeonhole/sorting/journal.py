"""What was done with every file, in OUT/.pigeonhole/journal.sqlite: so a run can be resumed, repeated and undone."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Self

from pigeonhole.records import Identity
from pigeonhole.sorting import journal_file
from pigeonhole.sorting.row import Row, State, Verdict

_COLUMNS = (
    *("id", "state", "source", "device", "inode", "size", "mtime_ns", "ctime_ns", "seen_ns", "sha256"),
    *("verdict", "category", "score", "reason", "placing", "trouble", "target"),
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM file "  # noqa: S608 - our own names
_INSERT = f"INSERT INTO file ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_UPDATE = (
    "UPDATE file SET state = ?, target = ?, trouble = ?, device = ?, inode = ?, size = ?, mtime_ns = ?,"
    " ctime_ns = ?, seen_ns = ? WHERE id = ?"
)
_UNSIGNED = (1 << 64) - 1
PAGE = 500  # rows in memory when many are walked through


class Journal:
    """One open journal. Every change is one transaction that is on the disk when the call returns.

    All calls raise OutputError where the journal cannot be written or turns out to be damaged. Threads may share it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, mode: str) -> None:
        self.mode = mode
        self._path = path
        self._connection = connection
        self._lock = threading.Lock()
        ((self.token,),) = self._ask("SELECT value FROM about WHERE key = 'token'")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The journal in `folder` (OUT/.pigeonhole), made if there has never been one."""
        path = folder / journal_file.JOURNAL
        if not journal_file.exists(path):
            journal_file.create(path)
        journal_file.mark(path)
        return cls(path, *journal_file.connect(path))

    @classmethod
    def look(cls, folder: Path) -> Self | None:
        """The same for reading alone, None where there is none; nothing is written."""
        path = folder / journal_file.JOURNAL
        return cls(path, *journal_file.connect(path, read_only=True)) if journal_file.exists(path) else None

    def close(self) -> None:
        with journal_file.spoken(self._path):
            self._connection.close()

    def next_id(self) -> int:
        ((last,),) = self._ask("SELECT max(id) FROM file")
        return (last or 0) + 1

    def plan(self, rows: Sequence[Row], folders: Iterable[PurePath]) -> None:
        """Write down what is about to be done, and which folders are made for it."""
        with self._change() as connection:
            connection.executemany(_INSERT, map(_values, rows))
            connection.executemany("INSERT OR IGNORE INTO folder VALUES (?)", ((os.fsencode(f),) for f in folders))

    def update(self, rows: Iterable[Row], dropped: Iterable[Row] = ()) -> None:
        """Write down how far `rows` have come, and forget `dropped`, with which nothing was done."""
        with self._change() as connection:
            connection.executemany(_UPDATE, map(_progress, rows))
            connection.executemany("DELETE FROM file WHERE id = ?", ((row.id,) for row in dropped))

    def still_there(self, source: Path) -> list[Row]:
        """What was done with files at `source` that did not take them away, the latest first."""
        where = "WHERE source = ? AND state = 'done' AND (placing != 'move' OR trouble IS NOT NULL) ORDER BY id DESC"
        return self._rows(where, (os.fsencode(source),))

    def unfinished(self) -> list[Row]:
        """What a killed run left between two states; never more than a group."""
        return self._rows("WHERE state IN ('planned', 'placed', 'undoing') ORDER BY id", ())

    def oldest_first(self) -> Iterator[Row]:
        """Every row there is, a page of them at a time in memory."""
        last = 0
        while page := self._rows("WHERE id > ? ORDER BY id LIMIT ?", (last, PAGE)):
            yield from page
            last = page[-1].id

    def done_before(self, number: int, limit: int) -> list[Row]:
        """The last `limit` rows that are done and have an id below `number`, the newest first."""
        return self._rows("WHERE id < ? AND state = 'done' ORDER BY id DESC LIMIT ?", (number, limit))

    def folders(self) -> list[PurePath]:
        """The folders that we made, inner ones first."""
        found = [PurePath(os.fsdecode(path)) for (path,) in self._ask("SELECT path FROM folder")]
        return sorted(found, key=lambda folder: len(folder.parts), reverse=True)

    def forget_folders(self, folders: Iterable[PurePath]) -> None:
        with self._change() as connection:
            connection.executemany("DELETE FROM folder WHERE path = ?", ((os.fsencode(f),) for f in folders))

    def _rows(self, where: str, values: Sequence[Any]) -> list[Row]:
        found = self._ask(_SELECT + where, values)
        with journal_file.spoken(self._path):
            return [_row(values) for values in found]

    def _ask(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, journal_file.spoken(self._path):
            return self._connection.execute(question, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock, journal_file.spoken(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _values(row: Row) -> tuple[Any, ...]:
    return (
        *(row.id, row.state, os.fsencode(row.source), *_state_of(row), row.sha256),
        *(
            row.verdict,
            _text(row.category),
            row.score,
            _text(row.reason),
            row.placing,
            _text(row.trouble),
            _bytes(row.target),
        ),
    )


def _progress(row: Row) -> tuple[Any, ...]:
    return (row.state, _bytes(row.target), _text(row.trouble), *_state_of(row), row.id)


def _state_of(row: Row) -> tuple[int, ...]:
    i = row.identity
    return tuple(map(_signed, (i.device, i.inode, i.size, i.mtime_ns, i.ctime_ns, row.seen_ns)))


def _row(values: tuple[Any, ...]) -> Row:
    at = dict(zip(_COLUMNS, values, strict=True))
    device, inode = at["device"] & _UNSIGNED, at["inode"] & _UNSIGNED
    return Row(
        id=at["id"],
        state=State(at["state"]),
        source=Path(os.fsdecode(at["source"])),
        identity=Identity(device, inode, at["size"], at["mtime_ns"], at["ctime_ns"]),
        seen_ns=at["seen_ns"],
        sha256=at["sha256"],
        verdict=Verdict(at["verdict"]),
        category=at["category"],
        score=at["score"],
        reason=at["reason"],
        placing=at["placing"],
        trouble=at["trouble"],
        target=None if at["target"] is None else PurePath(os.fsdecode(at["target"])),
    )


def _bytes(path: PurePath | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _text(text: str | None) -> str | None:
    """SQLite's text is Unicode: a byte that is none is kept as an escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _signed(number: int) -> int:
    """SQLite's integers have 64 bits with a sign; an inode number has none, and a time may lie beyond the year 2262."""
    number &= _UNSIGNED
    return number - (1 << 64) if number >= 1 << 63 else number
