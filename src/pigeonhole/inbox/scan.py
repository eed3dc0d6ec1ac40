"""What lies in the inbox and may be taken now. The scan is the truth: nothing is known that it does not see again."""

import os
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from pathlib import Path

from pigeonhole.files.find import LINK, LeaveOut, entries_below, examined, is_passed_over, nothing
from pigeonhole.inbox.backoff import Backoff, Remembered
from pigeonhole.inbox.baseline import Baseline
from pigeonhole.inbox.open_writers import is_open_for_writing
from pigeonhole.inbox.stability import StabilityTracker
from pigeonhole.output.skipped import SkippedTally
from pigeonhole.records import Failed, Found, Guess, Identity, Outcome, Skipped, Unreadable

BURST_SECONDS = 5.0  # then the watcher looks up: is there a new model, is all well?
DOUBT = 10  # times the settle time

Item = Found | Unreadable | Failed
Answer = Guess | Unreadable | Skipped | Failed
OutcomeBefore = Callable[[Found], Skipped | Failed | None]
"""What became of a file in an earlier run, None where it is to be sorted."""


class Scan:
    """One inbox over many looks.

    `gone` says why the inbox could not be listed in the last look; `more` whether that look ended before the inbox did.
    `skipped` are the links and hidden folders that the last whole look met.
    """

    def __init__(
        self,
        inbox: Path,
        settle: float,
        *,
        recursive: bool = False,
        include_hidden: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gone: str | None = None
        self.more = False
        self.skipped = SkippedTally(has_option=True)
        self._inbox = inbox
        self._recursive = recursive
        self._include_hidden = include_hidden
        self._clock = clock
        self._stability = StabilityTracker(settle)
        self._backoff = Backoff()
        # A writer may pause for longer than a file takes to settle; half a picture must not be set aside for that.
        self._doubt_seconds = DOUBT * settle
        self._nothing_to_do = Remembered()
        self._baseline = Baseline(())
        self._in_hand: dict[str, Identity] = {}
        self._handed = 0
        self._unlisted: set[Path] = set()

    @property
    def waiting(self) -> int:
        """How many files are not known to be complete."""
        return len(self._stability)

    @property
    def taken(self) -> int:
        """How many files were handed out and will not come again."""
        return self._handed - len(self._in_hand)

    @property
    def failing(self) -> int:
        """How many files are to be tried again."""
        return len(self._backoff.failing())

    @property
    def failing_files(self) -> set[Hashable]:
        return self._backoff.failing()

    def next_due(self) -> float | None:
        """When the next file may be taken, as far as is known."""
        due = self._stability.next_due(), self._backoff.next_due()
        return min((time for time in due if time is not None), default=None)

    def leave_existing(self) -> None:
        """What is there now stays, unless it is changed."""
        paths = (entry.path for entry, _ in self._entries(nothing) if not isinstance(entry, Failed | Skipped))
        self._baseline = Baseline((path, identity) for path in paths if (identity := _state_of(path)))

    def due(
        self, outcome_before: OutcomeBefore, most: int | None = None, leave_out: LeaveOut = nothing
    ) -> Iterator[Item]:
        """Every file that is complete and was not sorted before, as soon as it is met, `most` of them.

        An Unreadable is one that was put off and has not changed since; a Failed a folder that cannot be listed, or a
        file with which an earlier run came to no end. Each is to be given back to `finished`, or to be refused by
        `is_current`.
        """
        self._handed -= len(self._in_hand)  # the last look was broken off before they came to an outcome
        self._in_hand.clear()
        self.gone, self.more = self._removed(), False
        if self.gone:
            return
        started, given, unlisted = self._clock(), 0, set[Path]()
        skipped = SkippedTally(has_option=True)
        for entry, relative in self._entries(leave_out):
            if isinstance(entry, Skipped):
                skipped.add(entry)
                continue
            if isinstance(entry, Failed):
                if entry.path == self._inbox:
                    self.gone = entry.reason
                    return
                unlisted.add(entry.path)
                if entry.path not in self._unlisted:
                    yield entry
                continue
            if entry.is_symlink():
                skipped.add(Skipped(Path(entry.path), LINK))
                continue
            item = self._taken(entry, relative, outcome_before)
            if item is not None:
                yield item
                given += 1
                if given == most or self._clock() - started >= BURST_SECONDS:
                    self.more = True
                    return
        self._unlisted, self.skipped = unlisted, skipped
        self._stability.end_look()

    def is_current(self, answer: Answer) -> bool:
        """Whether `answer` speaks of a file that is still as it was, and can be believed; otherwise it comes again."""
        path = os.fspath(answer.path)
        given = self._in_hand.get(path)
        if given is None:
            return True
        read = answer.identity if isinstance(answer, Guess | Unreadable) else None
        if _state_of(path) != given or (read is not None and read != given):
            self._take_back(path)
            return False
        lacks_end = isinstance(answer, Guess) and not answer.has_end
        if (isinstance(answer, Unreadable) or lacks_end) and not self._backoff.was_doubted(path):
            verdict = replace(answer, identity=given) if isinstance(answer, Unreadable) else None
            self._take_back(path)
            self._backoff.doubt(path, given, verdict, self._clock() + self._doubt_seconds)
            return False
        return True

    def finished(self, outcome: Outcome) -> bool:
        """Take note of what became of a file. The result is False where there is nothing new to tell."""
        path = os.fspath(outcome.path)
        given = self._in_hand.pop(path, None)
        is_final = not isinstance(outcome, Failed | Skipped)
        if given is None:
            self._handed += is_final  # it had failed before, as far as anyone knew
            self._backoff.forget(path)
            return True
        self._handed -= not is_final
        if isinstance(outcome, Failed) and _state_of(path) == given:
            return self._backoff.failed(path, given, outcome.reason, self._clock())
        self._backoff.forget(path)
        if isinstance(outcome, Skipped):
            self._nothing_to_do.add(path, given)
        return is_final  # else it was changed or removed: the next look will see

    def _entries(self, leave_out: LeaveOut) -> Iterator[tuple[os.DirEntry[str] | Failed | Skipped, Path]]:
        return entries_below(
            self._inbox, recursive=self._recursive, leave_out=leave_out, include_hidden=self._include_hidden
        )

    def _removed(self) -> str | None:
        """A container still sees a folder that was removed outside, as an empty one that nothing can arrive in."""
        try:
            return None if self._inbox.stat().st_nlink else "it was removed"
        except OSError as error:
            return str(error.strerror)

    def _taken(self, entry: os.DirEntry[str], relative: Path, outcome_before: OutcomeBefore) -> Item | None:
        """`entry` where it is a picture to be taken now."""
        path, identity = entry.path, _state(entry)
        if (
            identity is None
            or is_passed_over(entry.name, include_hidden=self._include_hidden)
            or not self._is_wanted(path, identity)
        ):
            return None
        if path not in self._stability and not self._stability.is_full:
            before = outcome_before(Found(Path(path), relative))
            if isinstance(before, Failed):
                self._hand_out(path, identity)
                return before
            if before is not None:
                self._nothing_to_do.add(path, identity)
                return None
        if not self._is_complete(path, identity):
            return None
        self._stability.forget(path)
        item = examined(entry, relative, include_hidden=self._include_hidden)
        if isinstance(item, Skipped):
            self._nothing_to_do.add(path, identity)
            return None
        self._hand_out(path, identity)
        return self._backoff.verdict(path) or item

    def _is_wanted(self, path: str, identity: Identity) -> bool:
        return (
            (path, identity) not in self._nothing_to_do
            and (path, identity) not in self._baseline
            and self._backoff.is_due(path, identity, self._clock())
        )

    def _is_complete(self, path: str, identity: Identity) -> bool:
        if not self._stability.is_stable(path, identity, self._clock()):
            return False
        if is_open_for_writing(path):
            self._stability.begin_again(path, self._clock())
            return False
        return True

    def _hand_out(self, path: str, identity: Identity) -> None:
        self._handed += path not in self._in_hand
        self._in_hand[path] = identity

    def _take_back(self, path: str) -> None:
        """It is not what was handed out any more, or not to be believed yet: it comes again."""
        self._handed -= self._in_hand.pop(path, None) is not None
        self._backoff.forget(path)


def _state(entry: os.DirEntry[str]) -> Identity | None:
    """The state of a regular file, None for anything else and for what has just gone."""
    try:
        return Identity.of(entry.stat(follow_symlinks=False)) if entry.is_file(follow_symlinks=False) else None
    except OSError:
        return None


def _state_of(path: str) -> Identity | None:
    try:
        return Identity.of(os.lstat(path))
    except OSError:
        return None
