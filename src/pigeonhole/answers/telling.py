"""What has become of each picture, told while the table is written: in sentences, or as lines for a program."""

from dataclasses import asdict
from typing import Protocol

from pigeonhole.answers.listed import Listed, Source
from pigeonhole.answers.row import Result, Row
from pigeonhole.answers.tally import Tally
from pigeonhole.output import JsonLines, Terminal, answer_fields
from pigeonhole.records import UNKNOWN, Failed, Skipped
from pigeonhole.text import printable


class Telling(Protocol):
    """`wants_answers`: whether `row` is to be called for all rows, or only for those without an answer."""

    @property
    def wants_answers(self) -> bool: ...
    def row(self, row: Row) -> None: ...
    def holds(self, listed: Listed) -> None:
        """The picture has a row already."""

    def passed(self, item: Skipped | Failed) -> None:
        """What gets no row."""

    def end(self, tally: Tally, seconds: float, device: str) -> None: ...


class Sentences:
    wants_answers = False

    def __init__(self, source: Source, terminal: Terminal) -> None:
        self._source = source
        self._terminal = terminal

    def row(self, row: Row) -> None:
        if row.result is not Result.ANSWERED:
            self._terminal.warn(f"{row.result}: {printable(self._source.path_of(row.listed))}: {row.reason}")

    def holds(self, listed: Listed) -> None: ...

    def passed(self, item: Skipped | Failed) -> None:
        if isinstance(item, Failed):
            self._terminal.warn(f"failed: {printable(self._source.path_of(item))}: {item.reason}")

    def end(self, tally: Tally, seconds: float, device: str) -> None:
        self._terminal.note(tally.sentence(seconds, device))


class Lines:
    """A JSON object for each file, as guess-dir prints them, and one for the counts."""

    wants_answers = True

    def __init__(self, source: Source, output: JsonLines) -> None:
        self._source = source
        self._output = output

    def row(self, row: Row) -> None:
        path = self._source.path_of(row.listed)
        if row.result is Result.ANSWERED:
            self._output.line(UNKNOWN if row.why_unknown else row.result, answer_fields(path, row))
        else:
            self._output.line(row.result, {"path": path, "reason": row.reason})

    def holds(self, listed: Listed) -> None:
        self._output.line("already", {"path": self._source.path_of(listed)})

    def passed(self, item: Skipped | Failed) -> None:
        kind = "skipped" if isinstance(item, Skipped) else "failed"
        self._output.line(kind, {"path": self._source.path_of(item), "reason": item.reason})

    def end(self, tally: Tally, seconds: float, device: str) -> None:
        self._output.line("summary", {**asdict(tally), "seconds": round(seconds, 3), "device": device})
