"""How pictures are sorted: what the user chose."""

from dataclasses import dataclass, field

from pigeonhole.placing import Placing
from pigeonhole.sorting.template import Template


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
