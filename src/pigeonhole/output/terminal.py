"""For people: a progress bar with rate and time left, problems as they come, the counts at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.progress import ProgressColumn as Column
from rich.text import Text

from pigeonhole.output.protocol import Stage
from pigeonhole.records import Failed, Outcome, Summary, Unreadable
from pigeonhole.text import printable


class _Rate(Column):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f}/s" if task.speed and task.speed >= 1 else "", style="progress.data.speed")


class _TimeLeft(TimeRemainingColumn):
    """As rich has it, from what was done in the last half minute; from the first thing done, where that is all."""

    def render(self, task: Task) -> Text:
        if task.speed or not task.completed or not task.total or task.elapsed is None:
            return super().render(task)
        left = task.elapsed * (task.total - task.completed) / task.completed
        return Text(str(timedelta(seconds=round(left))), style="progress.remaining")


class Terminal:
    """Everything goes to standard error: standard output is for answers that a program may read."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._console = Console(file=stream, stderr=stream is None, highlight=False)

    def note(self, sentence: str) -> None:
        self._line(sentence)

    def warn(self, sentence: str) -> None:
        self._line(sentence, "yellow")

    @contextmanager
    def stage(self, title: str, total: int | None) -> Iterator[Stage]:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), _TimeLeft()
        shown = self._console.is_terminal and total != 0
        progress = Progress(*columns, console=self._console, transient=True, disable=not shown)
        with progress:
            task = progress.add_task(title, total=total)
            yield lambda: progress.advance(task)

    def outcome(self, outcome: Outcome) -> None:
        match outcome:
            case Unreadable(path, reason):
                self._line(f"unreadable: {printable(path)}: {reason}", "yellow")
            case Failed(path, reason):
                self._line(f"failed: {printable(path)}: {reason}", "red")
        if outcome.trouble:
            self._line(f"not removed: {printable(outcome.path)}: {outcome.trouble}", "red")

    def summary(self, summary: Summary, seconds: float, device: str) -> None:
        self._line(
            f"{summary.seen} seen = {summary.sorted} sorted + {summary.unknown} unknown"
            f" + {summary.unreadable} unreadable + {summary.skipped} skipped + {summary.failed} failed"
            f" ({self._took(summary, seconds, device)})"
        )

    def _took(self, summary: Summary, seconds: float, device: str) -> str:
        answered = summary.sorted + summary.unknown
        rate = f", {answered / seconds:.0f} pictures/s" if answered and seconds > 0 else ""
        return f"{seconds:.1f} s{rate} on the {device}"

    def _line(self, text: str, style: str = "") -> None:
        # As Text: a file may be called "[red].jpg". Unwrapped: a wrapped path cannot be copied.
        self._console.print(Text(text, style=style), soft_wrap=True)
