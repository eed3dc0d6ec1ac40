"""For people who watch a watcher: one line that tells how it is, or, in a log, one line for each file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.text import Text

from pigeonhole.output.terminal import Terminal
from pigeonhole.records import Outcome, Placed, Summary
from pigeonhole.text import printable


class WatchTerminal(Terminal):
    @contextmanager
    def status(self) -> Iterator[Callable[[str], None]]:
        """A line at the bottom of a terminal that is replaced by each call; elsewhere nothing."""
        if not self._console.is_terminal:
            yield lambda text: None
            return
        with self._console.status("") as status:
            yield lambda text: status.update(Text(text))

    def outcome(self, outcome: Outcome) -> None:
        super().outcome(outcome)
        if isinstance(outcome, Placed) and not self._console.is_terminal:
            no_face = " (no face: the whole picture was classified)" if outcome.guess.has_no_face else ""
            self._line(f"{printable(outcome.path)} -> {printable(outcome.target)}{no_face}")

    def _took(self, summary: Summary, seconds: float, device: str) -> str:
        return f"{seconds:.1f} s"  # mostly waiting, so that a rate would say nothing
