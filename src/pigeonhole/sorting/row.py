"""One line of the journal: one file, and what is being done with it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from pigeonhole.records import Identity


class State(StrEnum):
    """PLANNED → DONE for most; PLANNED → PLACED → DONE for a move that copied and has still to remove its source."""

    PLANNED = "planned"
    PLACED = "placed"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Verdict(StrEnum):
    SORTED = "sorted"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


LEFT = "left"  # in the place of a Placing: an unreadable file that stays where it is


@dataclass(slots=True)
class Row:
    """`source` is absolute, `target` relative to the output. `seen_ns` is when `identity` was looked at.

    `trouble`: why the source, which was to be moved, could not be removed and is still there as well.
    """

    id: int
    state: State
    source: Path
    identity: Identity
    seen_ns: int
    sha256: str
    verdict: Verdict
    placing: str
    target: PurePath | None
    category: str | None = None
    score: float | None = None
    reason: str = ""
    trouble: str | None = None
