"""One table, brought up to date with what is listed."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from pigeonhole.answers.listed import Listed, Source
from pigeonhole.answers.parts import ROWS, Parts, part_name, still_holds, write_part
from pigeonhole.answers.row import Row
from pigeonhole.answers.tally import Tally
from pigeonhole.answers.telling import Telling
from pigeonhole.errors import OutputError
from pigeonhole.output import Stage
from pigeonhole.output.skipped import SkippedTally
from pigeonhole.records import Failed, Skipped

GROUP = 1000  # pictures whose rows that no longer hold are taken out together: each file of rows is written anew then


class Run:
    """What is listed in `source`, the rows that hold, and the account of both, which is told."""

    def __init__(self, source: Source, parts: Parts, telling: Telling, advance: Stage) -> None:
        self.source = source
        self.parts = parts
        self.tally = Tally()
        self.device = ""  # what others have worked on
        self.skipped = SkippedTally(has_option=True)
        self._telling = telling
        self._advance = advance

    def unanswered(self, *, recursive: bool, include_hidden: bool) -> Iterator[Listed]:
        """What has no row that holds; whatever row it has is taken out first."""
        group: list[Listed] = []
        for item in self.source.find(recursive=recursive, include_hidden=include_hidden):
            self.tally.seen += 1
            if isinstance(item, Listed):
                group.append(item)
            else:
                self._pass(item)
            if len(group) == GROUP:
                yield from self._without_row(group)
                group = []
        yield from self._without_row(group)

    def write(self, rows: Iterable[Row]) -> None:
        """Publish rows, each file as soon as it is full. Raises OutputError where that cannot be."""
        with PartWriter(self.parts) as writer:
            for row in rows:
                try:
                    self.take(row)
                finally:  # what is counted is written, also where Ctrl-C comes while it is told
                    writer.add(row)

    def take(self, row: Row) -> None:
        """Count and tell of one row."""
        self.tally.count(row)
        self._telling.row(row)
        self._advance()

    def take_written(self, answered: int, unknown: int) -> None:
        """Count answers that others have published."""
        self.tally.answered += answered
        self.tally.unknown += unknown
        for _ in range(answered + unknown):
            self._advance()

    def _pass(self, item: Skipped | Failed) -> None:
        if isinstance(item, Skipped):
            self.tally.skipped += 1
            self.skipped.add(item)
        else:
            self.tally.failed += 1
        self._telling.passed(item)
        self._advance()

    def _without_row(self, group: list[Listed]) -> list[Listed]:
        new: list[Listed] = []
        stale: list[str] = []
        for listed in group:
            indexed = self.parts.row_of(listed)
            if indexed and still_holds(self.source, listed, indexed):
                self.tally.already += 1
                self._telling.holds(listed)
                self._advance()
                continue
            new.append(listed)
            if indexed:
                stale.append(listed.name)
        self.parts.take_out(stale)
        return new


class PartWriter:
    """Collects rows and publishes them, ROWS in a file; what is left when it ends, be it by Ctrl-C, too."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows: list[Row] = []
        self._written = 0

    def add(self, row: Row) -> None:
        """Raises OutputError where a file cannot be written."""
        self._rows.append(row)
        if len(self._rows) == ROWS:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._rows and not isinstance(error, OutputError):
            self._write()

    def _write(self) -> None:
        write_part(self._parts.store, part_name(self._parts.run, self._written), self._rows, self._parts.about)
        self._written += 1
        self._rows = []
