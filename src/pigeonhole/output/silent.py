"""Says nothing and keeps nothing: for the processes of a training that are not the one that speaks."""

from collections.abc import Iterator
from contextlib import contextmanager

from pigeonhole.output.protocol import Stage
from pigeonhole.records import Outcome, Summary


class Silent:
    def note(self, sentence: str) -> None:
        pass

    def warn(self, sentence: str) -> None:
        pass

    @contextmanager
    def stage(self, title: str, total: int | None) -> Iterator[Stage]:
        yield lambda: None

    def outcome(self, outcome: Outcome) -> None:
        pass

    def summary(self, summary: Summary, seconds: float, device: str) -> None:
        pass
