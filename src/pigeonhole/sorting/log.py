"""What the journal tells, for people and programs."""

from collections.abc import Iterator
from pathlib import Path

from pigeonhole.errors import UsageError
from pigeonhole.records import Entry
from pigeonhole.sorting.desk import Desk
from pigeonhole.sorting.row import Row
from pigeonhole.text import printable


def history_of(out: Path) -> Iterator[Entry]:
    """Everything that was done in `out`, the oldest first; nothing is written, and a run may be going on.

    Raises UsageError where nothing was ever sorted into `out`, OutputError where the journal is damaged.
    """
    desk = Desk.look(out)
    try:
        if desk.journal is None:
            raise UsageError(
                f"Nothing was ever sorted into {printable(out)}.", "Name the folder that guess-dir sorted into."
            )
        for row in desk.journal.oldest_first():
            yield _entry(row, out)
    finally:
        desk.close()


def _entry(row: Row, out: Path) -> Entry:
    return Entry(
        number=row.id,
        state=row.state,
        outcome=row.verdict,
        category=row.category,
        score=row.score,
        placing=row.placing,
        source=row.source,
        target=None if row.target is None else out / row.target,
        sha256=row.sha256,
        reason="; ".join(text for text in (row.reason, row.trouble) if text),
    )
