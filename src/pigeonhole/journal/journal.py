"""What was done with every file, in OUT/.pigeonhole/journal.sqlite: so a run can be resumed, repeated and undone."""

import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Self

from pigeonhole.files.folders import below_output
from pigeonhole.journal import journal_file
from pigeonhole.journal.entry import JournalEntry, State, Verdict
from pigeonhole.journal.origin import is_from_here
from pigeonhole.records import Identity
from pigeonhole.text import printable
from pigeonhole.transaction import transaction

_CONSTANT = ("id", "source", "sha256", "verdict", "category", "score", "reason", "placing")
_SEEN = ("device", "inode", "size", "mtime_ns", "ctime_ns", "seen_ns")
_CHANGING = ("state", "target", "trouble", *_SEEN)
_COLUMNS = _CONSTANT + _CHANGING
_OPEN = "state IN ('planned', 'placed', 'undoing')"
_STAYED = "(state = 'done' AND (placing != 'move' OR trouble IS NOT NULL))"
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM file "  # noqa: S608 - our own names
_INSERT = f"INSERT INTO file ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608
_UPDATE = f"UPDATE file SET {', '.join(f'{name} = :{name}' for name in _CHANGING)} WHERE id = :id"  # noqa: S608
_REMEMBER = f"UPDATE file SET {', '.join(f'{name} = :{name}' for name in _SEEN)} WHERE id = :id"  # noqa: S608
_UNSIGNED = (1 << 64) - 1
PAGE = 500  # entries in memory when many are walked through


class Journal:
    """One open journal. Every change is one transaction that is on the disk when the call returns.

    All calls raise OutputError where the journal cannot be written or turns out to be damaged. Threads may share it.
    `is_from_here`: it is no copy of another, and no stranger gave it away.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, mode: str) -> None:
        self.mode = mode
        self._path = path
        self._connection = connection
        self._lock = threading.Lock()
        about = self._ask("SELECT key, value FROM about")
        with journal_file.errors_as_sentences(path):
            said = {str(key): str(value) for key, value in about}
            self.token = _token(said.get("token", ""))
        self.is_from_here = is_from_here(path, said)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The journal in `folder` (OUT/.pigeonhole), made if there has never been one."""
        path = folder / journal_file.JOURNAL
        if not journal_file.is_there(path):
            journal_file.create(path)
        journal_file.mark(path)
        return cls(path, *journal_file.connect(path))

    @classmethod
    def open_read_only(cls, folder: Path) -> Self | None:
        """The same for reading alone, None where there is none; nothing is written."""
        path = folder / journal_file.JOURNAL
        return cls(path, *journal_file.connect(path, read_only=True)) if journal_file.is_there(path) else None

    def close(self) -> None:
        with journal_file.errors_as_sentences(self._path):
            self._connection.close()

    def next_id(self) -> int:
        ((last,),) = self._ask("SELECT max(id) FROM file")
        return (last or 0) + 1

    def plan(self, entries: Sequence[JournalEntry], folders: Iterable[PurePath]) -> None:
        """Write down what is about to be done, and which folders are made for it."""
        with self._change() as connection:
            connection.executemany(_INSERT, map(_row_of, entries))
            connection.executemany("INSERT OR IGNORE INTO folder VALUES (?)", ((os.fsencode(f),) for f in folders))

    def update(self, entries: Iterable[JournalEntry], dropped: Iterable[JournalEntry] = ()) -> None:
        """Write down how far `entries` have come, and forget `dropped`, with which nothing was done."""
        with self._change() as connection:
            connection.executemany(_UPDATE, map(_row_of, entries))
            connection.executemany("DELETE FROM file WHERE id = ?", ((entry.id,) for entry in dropped))

    def remember(self, entries: Iterable[JournalEntry]) -> None:
        """Write down in which state the sources of `entries` were seen last; nothing else about them."""
        with self._change() as connection:
            connection.executemany(_REMEMBER, map(_row_of, entries))

    def at(self, source: Path) -> list[JournalEntry]:
        """What was done with files at `source` that did not take them away, or is not known yet, the latest first."""
        return self._select(f"WHERE source = ? AND ({_STAYED} OR {_OPEN}) ORDER BY id DESC", (os.fsencode(source),))

    def since(self, number: int, source: Path) -> list[JournalEntry]:
        """What was done with files at `source` in entries from `number` on, in any state, the latest first."""
        return self._select("WHERE source = ? AND id >= ? ORDER BY id DESC", (os.fsencode(source), number))

    def unfinished(self) -> list[JournalEntry]:
        """What a killed run or a failing disk left between two states; seldom more than a group."""
        return self._select(f"WHERE {_OPEN} ORDER BY id", ())

    def oldest_first(self) -> Iterator[JournalEntry]:
        """Every entry there is, a page of them at a time in memory."""
        last = 0
        while page := self._select("WHERE id > ? ORDER BY id LIMIT ?", (last, PAGE)):
            yield from page
            last = page[-1].id

    def done_before(self, number: int, limit: int) -> list[JournalEntry]:
        """The last `limit` entries that are done and have an id below `number`, the newest first."""
        return self._select("WHERE id < ? AND state = 'done' ORDER BY id DESC LIMIT ?", (number, limit))

    def count_done(self) -> int:
        """How many entries are done."""
        ((count,),) = self._ask("SELECT count(*) FROM file WHERE state = 'done'")
        return int(count)

    def folders(self) -> list[PurePath]:
        """The folders that we made, inner ones first."""
        rows = self._ask("SELECT path FROM folder")
        with journal_file.errors_as_sentences(self._path):
            found = [below_output(PurePath(os.fsdecode(path))) for (path,) in rows]
        return sorted(found, key=lambda folder: len(folder.parts), reverse=True)

    def forget_folders(self, folders: Iterable[PurePath]) -> None:
        with self._change() as connection:
            connection.executemany("DELETE FROM folder WHERE path = ?", ((os.fsencode(f),) for f in folders))

    def _select(self, where: str, values: Sequence[Any]) -> list[JournalEntry]:
        found = self._ask(_SELECT + where, values)
        with journal_file.errors_as_sentences(self._path):
            return [_entry_of(dict(zip(_COLUMNS, row, strict=True))) for row in found]

    def _ask(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, journal_file.errors_as_sentences(self._path):
            return self._connection.execute(question, values).fetchall()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock, journal_file.errors_as_sentences(self._path), transaction(self._connection):
            yield self._connection


def _absolute(source: Path) -> Path:
    if not source.is_absolute() or ".." in source.parts:
        raise ValueError(f"it speaks of {printable(source)}, which is no absolute path")
    return source


def _token(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{8}", text):  # it becomes part of file names
        raise ValueError("its token is none")
    return text


def _row_of(entry: JournalEntry) -> dict[str, Any]:
    """What the database keeps of `entry`, by the columns' names."""
    state = entry.identity
    return {
        "id": entry.id,
        "state": entry.state,
        "source": os.fsencode(entry.source),
        "device": _signed(state.device),
        "inode": _signed(state.inode),
        "size": _signed(state.size),
        "mtime_ns": _signed(state.mtime_ns),
        "ctime_ns": _signed(state.ctime_ns),
        "seen_ns": _signed(entry.seen_ns),
        "sha256": entry.sha256,
        "verdict": entry.verdict,
        "category": _text(entry.category),
        "score": entry.score,
        "reason": _text(entry.reason),
        "placing": entry.placing,
        "trouble": _text(entry.trouble),
        "target": None if entry.target is None else os.fsencode(entry.target),
    }


def _entry_of(row: dict[str, Any]) -> JournalEntry:
    device, inode = row["device"] & _UNSIGNED, row["inode"] & _UNSIGNED
    return JournalEntry(
        id=row["id"],
        state=State(row["state"]),
        source=_absolute(Path(os.fsdecode(row["source"]))),
        identity=Identity(device, inode, row["size"], row["mtime_ns"], row["ctime_ns"]),
        seen_ns=row["seen_ns"],
        sha256=row["sha256"],
        verdict=Verdict(row["verdict"]),
        category=row["category"],
        score=row["score"],
        reason=row["reason"],
        placing=row["placing"],
        trouble=row["trouble"],
        target=None if row["target"] is None else below_output(PurePath(os.fsdecode(row["target"]))),
    )


def _text(text: str | None) -> str | None:
    """SQLite's text is Unicode: a byte that is none is kept as an escape."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _signed(number: int) -> int:
    """SQLite's integers have 64 bits with a sign; an inode number has none, and a time may lie beyond the year 2262."""
    number &= _UNSIGNED
    return number - (1 << 64) if number >= 1 << 63 else number
