"""What was decided, in TF_FILES/.pigeonhole/decisions.sqlite: what stands there is carried out, also after a kill."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pigeonhole import own_names
from pigeonhole.errors import OutputError
from pigeonhole.labelling.decision import Decision, State, Step
from pigeonhole.placing import Placing
from pigeonhole.text import printable
from pigeonhole.transaction import transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decision (
    number INTEGER PRIMARY KEY, state TEXT NOT NULL, picture TEXT NOT NULL, path BLOB NOT NULL, sha256 TEXT NOT NULL,
    category BLOB, batch TEXT NOT NULL, made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS step (
    decision INTEGER NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, root BLOB NOT NULL,
    placing TEXT NOT NULL, template TEXT NOT NULL, label BLOB NOT NULL, source BLOB, first_entry INTEGER, target BLOB,
    trouble TEXT NOT NULL, PRIMARY KEY (decision, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_decision ON decision (number) WHERE state IN ('wanted', 'unwanted');
"""
_DECISION = "SELECT number, state, picture, path, sha256, category, batch FROM decision "
_STEP = "SELECT state, root, placing, template, label, source, first_entry, target, trouble FROM step "


class DecisionFile:
    """The open file. Every change is on the disk when the call returns. Threads may share it.

    All calls raise OutputError where it cannot be written or is damaged.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The file in `folder`, made where there is none."""
        path = folder / own_names.DECISIONS
        with _errors_as_sentences(path):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
        return cls(path, connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, decisions: Sequence[Decision]) -> None:
        """Write down new decisions, all or none; each gets its number."""
        with self._change() as connection:
            for decision in decisions:
                values = (decision.state, decision.picture, os.fsencode(decision.path), decision.sha256)
                category = None if decision.category is None else os.fsencode(decision.category)
                cursor = connection.execute(
                    "INSERT INTO decision (state, picture, path, sha256, category, batch) VALUES (?, ?, ?, ?, ?, ?)",
                    (*values, category, decision.batch),
                )
                decision.number = cursor.lastrowid or 0
                self._put_steps(connection, decision)

    def update(self, *decisions: Decision) -> None:
        """Write down how far `decisions` have come, all or none."""
        with self._change() as connection:
            for decision in decisions:
                connection.execute("UPDATE decision SET state = ? WHERE number = ?", (decision.state, decision.number))
                self._put_steps(connection, decision)

    def open_ones(self) -> list[Decision]:
        """Those that are still to be carried out or taken back, the oldest first."""
        return self._decisions("WHERE state IN ('wanted', 'unwanted') ORDER BY number")

    def in_force(self) -> list[Decision]:
        """Those that hold: carried out or still to be."""
        return self._decisions("WHERE state IN ('wanted', 'done') ORDER BY number")

    def _decisions(self, where: str) -> list[Decision]:
        with self._lock, _errors_as_sentences(self._path):
            rows = self._connection.execute(_DECISION + where).fetchall()
            return [self._decision(row) for row in rows]

    def _decision(self, row: tuple[Any, ...]) -> Decision:
        number, state, picture, path, sha256, category, batch = row
        query = _STEP + "WHERE decision = ? ORDER BY position"
        steps = [_step(row) for row in self._connection.execute(query, (number,))]
        name = None if category is None else os.fsdecode(category)
        return Decision(number, picture, Path(os.fsdecode(path)), sha256, name, steps, batch, State(state))

    def _put_steps(self, connection: sqlite3.Connection, decision: Decision) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(decision.number, position, step.state, os.fsencode(step.root), step.placing, step.template),
                    *(os.fsencode(step.label), _encoded(step.source), step.first_entry, _encoded(step.target)),
                    step.trouble,
                )
                for position, step in enumerate(decision.steps)
            ],
        )

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _errors_as_sentences(self._path), transaction(self._connection):
            yield self._connection


def _step(row: tuple[Any, ...]) -> Step:
    state, root, placing, template, label, source, first_entry, target, trouble = row
    return Step(
        Path(os.fsdecode(root)),
        Placing(placing),
        template,
        os.fsdecode(label),
        _decoded(source),
        State(state),
        first_entry,
        _decoded(target),
        trouble,
    )


def _encoded(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _decoded(path: Any) -> Path | None:
    return None if path is None else Path(os.fsdecode(path))


@contextmanager
def _errors_as_sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            f"The file of decisions {printable(path)} cannot be written or read: {error}.",
            "Check the disk. Every decision that was shown as made stands in it.",
        ) from None
