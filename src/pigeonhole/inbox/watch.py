"""The watcher: looks, sorts what is complete, waits, and stays well when the world around it does not."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pigeonhole import own_names
from pigeonhole.decoding.item import Decoders
from pigeonhole.errors import OutputError, PigeonholeError
from pigeonhole.inbox.events import Events, NoEvents
from pigeonhole.inbox.health import ENDED, Health
from pigeonhole.inbox.incidents import Incidents
from pigeonhole.inbox.lock import InboxLock
from pigeonhole.inbox.model_reload import ModelReloader
from pigeonhole.inbox.scan import Answer, Scan
from pigeonhole.inbox.shutdown import Shutdown
from pigeonhole.output import Output
from pigeonhole.placing.output_folder import GROUP, has_journal_folder
from pigeonhole.placing.turn import is_turn_wanted
from pigeonhole.records import Failed, Outcome, Skipped, Summary
from pigeonhole.sorting import Sorter, SortOptions
from pigeonhole.stream import guesses
from pigeonhole.text import printable

MIN_PAUSE = 0.1  # between two looks, so that what arrives together is taken together
RETRY_SECONDS = 5.0  # whether the output can be written again
GIVING_SECONDS = 0.5  # between looks whether somebody wants a turn at the output
LONG_TURN_SECONDS = 60.0  # from which a turn is a trouble
IDLE_SECONDS = 60.0  # without work the decoders are sent home


@dataclass(frozen=True, slots=True)
class Folders:
    """The inbox, and the output with what was chosen for it."""

    inbox: Path
    out: Path
    options: SortOptions


class Watcher:
    """Watches from creation to `close`. Raises OutputError where the output cannot be written to begin with.

    `poll` is the time between two looks in seconds when nothing is going on. `status` shows one line that changes.
    """

    def __init__(
        self,
        folders: Folders,
        scan: Scan,
        reloader: ModelReloader,
        decoders: Decoders,
        *,
        lock: InboxLock,
        output: Output,
        poll: float,
        events: Events | None = None,
        wake: threading.Event | None = None,
        shutdown: Shutdown | None = None,
        status: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.summary = Summary()
        self._folders = folders
        self._scan = scan
        self._reloader = reloader
        self._decoders = decoders
        self._lock = lock
        self._output = output
        self._poll = poll
        self._events = events or NoEvents()
        self._wake = wake or threading.Event()
        self._shutdown = shutdown or Shutdown()
        self._status = status
        self._clock = clock
        self._incidents = Incidents(output)
        self._sorter: Sorter | None = Sorter.open(folders.out, folders.options, folders.inbox)
        self._unsettled: tuple[Path, ...] = ()
        self._retry_at = 0.0
        self._is_probing = False
        self._last_work = clock()
        for note in (reloader.model.note, *self._sorter.notes):
            if note:
                output.note(note)
        self._health = Health(folders.out)

    def run(self) -> None:
        """Look and sort until `stop` raises KeyboardInterrupt."""
        while True:
            started = self._clock()
            self.look()
            self._pause(self._clock() - started)

    def look(self) -> None:
        """Sort what is complete now."""
        self._lock.follow()
        if note := self._events.follow(self._folders.inbox):
            self._output.note(note)
        if note := self._reloader.check():
            self._output.note(note)
        self._incidents.set("model", self._reloader.trouble)
        self._give_way()
        if self._is_writable():
            self._sort()
            self._settle_late()
        self._incidents.set("inbox", self._inbox_trouble())
        self._beat()

    def close(self) -> None:
        """Bring the file in hand to an end, one way or the other; count what still waits for another try."""
        self._events.close()
        if self._sorter is not None:
            self._close_sorter(self._sorter)
        self._health.beat(ENDED)
        self._health.close()
        for sentence in self._scan.skipped.sentences():
            self._output.note(sentence)
        failing = self._scan.failing_files.union(map(os.fspath, self._unsettled))
        self.summary.failed = len(failing)
        self.summary.seen = self._scan.taken + len(failing)
        if self.summary.missing:
            self._output.warn(f"{self.summary.missing} files came to no outcome. Please report this.")

    def _sort(self) -> None:
        sorter = self._sorter
        if sorter is None:
            return
        items = self._scan.due(sorter.outcome_before, 1 if self._is_probing else None, sorter.is_output)
        answers = guesses(items, self._reloader.model, self._decoders)
        try:
            for group in batched(self._current(answers), GROUP):
                with self._shutdown.uninterrupted():
                    for outcome in sorter.place_all(group):
                        self._tell(outcome)
                if self._is_turn_wanted():
                    self._scan.more = True  # the others come in the next look
                    break
        except OutputError as error:
            self._pause_sorting(error)
        except PigeonholeError as error:  # the system has no room for a decoder
            self._incidents.set("decoding", f"{error} It is tried again.")
        else:
            self._incidents.set("decoding", "")

    def _tell(self, outcome: Outcome) -> None:
        if self._scan.finished(outcome):
            self._output.outcome(outcome)
        if not isinstance(outcome, Failed | Skipped):
            self.summary.count(outcome)
            self._is_probing = False
            self._incidents.set("output", "")
        self._beat()

    def _current(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        """Those that still speak of the file that is there: each was looked at again after it was classified."""
        for answer in answers:
            self._last_work = self._clock()
            if self._scan.is_current(answer):
                yield answer
            self._beat()

    def _is_turn_wanted(self) -> bool:
        return is_turn_wanted(self._folders.out / own_names.FOLDER)

    def _give_way(self) -> None:
        """Let go of the output for as long as another process has a turn at it, such as a page that mends answers."""
        if self._sorter is None or not self._is_turn_wanted():
            return
        self._close_sorter(self._sorter)
        began = self._clock()
        while self._is_turn_wanted():
            if self._clock() - began > LONG_TURN_SECONDS:
                self._incidents.set("turn", "Another process keeps the output. Nothing is sorted until it lets go.")
            self._beat()
            time.sleep(MIN_PAUSE)
        self._incidents.set("turn", "")
        self._is_writable()

    def _is_writable(self) -> bool:
        """Whether there is a Sorter; one that had to be closed is opened again when its time has come."""
        if self._sorter is not None:
            try:
                self._sorter.check()
            except OutputError as error:
                self._pause_sorting(error)
            else:
                return True
        if self._clock() < self._retry_at:
            return False
        try:
            if not has_journal_folder(self._folders.out):
                return False
            health = Health(self._folders.out)
            self._health.close()
            self._health = health
            self._sorter = Sorter.open(self._folders.out, self._folders.options, self._folders.inbox)
        except OutputError as error:
            self._pause_sorting(error)
            return False
        self._is_probing = True
        return True

    def _settle_late(self) -> None:
        """Tell of files that had failed, as far as anyone knew, and have turned out to stand in their place."""
        if self._sorter is None:
            return
        try:
            for outcome in self._sorter.settle_late():
                self._tell(outcome)
        except OutputError as error:
            self._pause_sorting(error)

    def _close_sorter(self, sorter: Sorter) -> None:
        for outcome in sorter.close():
            self._tell(outcome)
        self._unsettled = sorter.unsettled
        self._sorter = None

    def _pause_sorting(self, error: OutputError) -> None:
        if self._sorter is not None:
            self._close_sorter(self._sorter)
        self._retry_at = self._clock() + RETRY_SECONDS
        waiting = "Nothing is sorted until this is fixed."
        self._incidents.set("output", f"{error.happened} {waiting}")

    def _inbox_trouble(self) -> str:
        gone = self._scan.gone
        return f"The inbox {printable(self._folders.inbox)} has gone ({gone}). It is looked for." if gone else ""

    def _beat(self) -> None:
        self._health.beat(self._incidents.all())
        counts = self.summary
        waiting = self._scan.waiting + self._scan.failing
        text = f"{counts.sorted} sorted, {counts.unknown} unknown, {counts.unreadable} unreadable, {waiting} waiting"
        self._status(f"{self._incidents.all() or f'Watching {printable(self._folders.inbox)}'} · {text}")

    def _pause(self, looked_for: float) -> None:
        """Until something is due or the system has news. Looks that find nothing take a fifth of the time at most."""
        now = self._clock()
        if now - self._last_work > IDLE_SECONDS:
            self._decoders.rest()
        is_idle = self._last_work < now - looked_for
        earliest = now + min(self._poll, max(MIN_PAUSE, 4 * looked_for if is_idle else 0.0))
        due = [now + self._poll, *filter(None, (self._scan.next_due(), None if self._sorter else self._retry_at))]
        until = now if self._scan.more else max(earliest, min(due))
        while (left := until - self._clock()) > 0:
            if self._wake.wait(min(left, GIVING_SECONDS)):
                time.sleep(max(0.0, min(until, earliest) - self._clock()))
                break
            self._give_way()
            self._beat()
        self._wake.clear()


def batched(items: Iterable[Answer], count: int) -> Iterator[list[Answer]]:
    """`items` in lists of `count`; itertools has it from Python 3.12 on."""
    iterator = iter(items)
    while group := list(islice(iterator, count)):
        yield group
