"""What every output can do."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from pigeonhole.records import Outcome, Summary

Stage = Callable[[], None]
"""Call it once for each thing done."""


def nothing() -> None:
    """A stage of which nothing is shown."""


class Output(Protocol):
    def note(self, sentence: str) -> None:
        """Something good to know."""

    def warn(self, sentence: str) -> None:
        """Something that the user should look at."""

    def stage(self, title: str, total: int | None) -> AbstractContextManager[Stage]:
        """A part of the work that takes a while: `total` things to do, None if nobody knows."""

    def outcome(self, outcome: Outcome) -> None:
        """What became of one file."""

    def summary(self, summary: Summary, seconds: float, device: str) -> None:
        """The counts at the end of a folder, which took `seconds` on the `device`."""
