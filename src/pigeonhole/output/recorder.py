"""For tests: everything that was said, as it was said."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pigeonhole.output.protocol import Stage
from pigeonhole.records import Outcome, Summary


@dataclass
class Recorder:
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stages: dict[str, int] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    @contextmanager
    def stage(self, title: str, total: int | None) -> Iterator[Stage]:
        self.stages[title] = 0

        def advance() -> None:
            self.stages[title] += 1

        yield advance

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def summary(self, summary: Summary, seconds: float, device: str) -> None:
        self.summaries.append(summary)
