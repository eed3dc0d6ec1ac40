"""How pictures are sorted: what the user chose."""

from dataclasses import dataclass, field
from enum import StrEnum

from pigeonhole.sorting.template import Template


class Placing(StrEnum):
    """How a picture gets to its place.

    COPY leaves the source. MOVE removes it once its content stands safely in the output. HARDLINK gives the same file
    a second name (one file system only; edits show in both). SYMLINK points to the source's absolute path.
    """

    COPY = "copy"
    MOVE = "move"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"


@dataclass(frozen=True, slots=True)
class SortOptions:
    """What the user chose.

    `min_score` (0 to 1): a picture below it is `unknown`. `leave_unreadable`: they stay where they are instead of
    going to OUT/_unreadable. `retry_unreadable`: they are read again though they are the same as last time.
    `dry_run`: outcomes are the same, nothing is written.
    """

    placing: Placing = Placing.COPY
    template: Template = field(default_factory=Template)
    min_score: float = 0.0
    leave_unreadable: bool = False
    retry_unreadable: bool = False
    dry_run: bool = False
