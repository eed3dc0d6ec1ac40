"""One entry of the journal: one file, and what is being done with it."""

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
class JournalEntry:
    """What was done with `source` (absolute), and how far that has come.

    `target` is relative to the output folder, None where the file was left where it is. `identity` is the state of the
    source when it was read, `seen_ns` when that was, in nanoseconds since 1970. `score` is that of the best category,
    from 0 to 1. `reason`: why it is unknown or unreadable. `trouble`: why a source that was to be moved could not be
    removed and is still there as well.
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
