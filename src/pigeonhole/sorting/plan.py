"""An answer becomes a plan: which file goes where, before anything is touched. A dry run ends here."""

import time
from datetime import date
from pathlib import Path, PurePath

from pigeonhole.files.source import TRANSIENT, SourceError, open_unchanged
from pigeonhole.journal.entry import LEFT, JournalEntry, State, Verdict
from pigeonhole.own_names import UNREADABLE
from pigeonhole.placing.output_folder import OutputFolder
from pigeonhole.records import UNKNOWN, Failed, Guess, Identity, Outcome, Placed, Skipped, Unreadable
from pigeonhole.sorting.earlier import EarlierOutcomes
from pigeonhole.sorting.free_names import FreeNames
from pigeonhole.sorting.options import SortOptions
from pigeonhole.sorting.seen_files import SeenFiles, absolute, is_readable
from pigeonhole.sorting.template import Name

LONG_AGO = 0  # when it was read we do not know here; then its content will be compared next time

Answer = Guess | Unreadable | Skipped | Failed


class Plan:
    """One file's `entry` for the journal, the `name` that it wants, and the `answer` that it comes from."""

    def __init__(self, answer: Guess | Unreadable, entry: JournalEntry, name: Name | None) -> None:
        self.answer = answer
        self.entry = entry
        self.name = name

    def outcome(self, out: Path) -> Outcome:
        """What to say when it is done (or would be)."""
        target = None if self.entry.target is None else out / self.entry.target
        match self.answer:
            case Unreadable(path, reason, identity, sha256):
                return Unreadable(path, reason, identity, sha256, target, self.entry.trouble)
            case Guess() as guess if target is not None:
                return Placed(guess, target, self.entry.verdict is Verdict.UNKNOWN, self.entry.trouble)
        raise TypeError(self.answer)


class Planner:
    """Makes plans for one run."""

    def __init__(
        self,
        folder: OutputFolder,
        options: SortOptions,
        seen: SeenFiles,
        earlier: EarlierOutcomes,
        names: FreeNames,
    ) -> None:
        self._out = folder.path
        self._options = options
        self._seen = seen
        self._earlier = earlier
        self._names = names
        self._next = folder.journal.next_id() if folder.journal else 1

    def plan(self, answer: Answer) -> Plan | Outcome:
        """The plan for one answer, or the outcome where there is nothing to do."""
        try:
            match answer:
                case Guess():
                    return self._guessed(answer)
                case Unreadable():
                    return self._unreadable(answer)
                case Skipped() | Failed():
                    return answer
        except OSError as error:  # whether a name is free, say
            return cannot_place(answer, error)

    def another_name(self, plan: Plan) -> None:
        """Someone else has just taken its name."""
        assert plan.name is not None  # noqa: S101 - what has no name cannot lose it
        plan.entry.target = self._names.next_free(plan.name)

    def _guessed(self, guess: Guess) -> Plan | Outcome:
        before = self._seen.of_content(guess.path, guess.sha256, guess.identity, LONG_AGO)
        if before and is_readable(before):
            return self._earlier.of_entry(before, guess.path)
        sure = not guess.is_unknown and guess.score >= self._options.min_score
        category = guess.category if sure else UNKNOWN
        day = _day(guess.identity)
        name = self._options.template.name(category, guess.score, guess.path.name, self._next, day)
        entry = self._row(guess.path, guess.identity, guess.sha256, Verdict.SORTED if sure else Verdict.UNKNOWN)
        entry.category, entry.score, entry.target = guess.category, guess.score, self._names.next_free(name)
        entry.reason = guess.why_unknown
        return Plan(guess, entry, name)

    def _unreadable(self, problem: Unreadable) -> Plan | Outcome:
        try:
            identity, sha256 = _known(problem)
        except SourceError as error:
            return Failed(problem.path, error.reason, error.transient)
        before = self._seen.of_content(problem.path, sha256, identity, LONG_AGO)
        if before and (before.state is not State.DONE or before.trouble is not None):
            return self._earlier.of_entry(before, problem.path)
        if before and not is_readable(before):
            target = None if before.target is None else self._out / before.target
            return Unreadable(problem.path, problem.reason, identity, sha256, target)
        entry = self._row(problem.path, identity, sha256, Verdict.UNREADABLE)
        entry.reason = problem.reason
        if self._options.leave_unreadable:
            entry.placing, entry.seen_ns = LEFT, LONG_AGO
            return Plan(problem, entry, None)
        name = Name.of(PurePath(UNREADABLE), problem.path.name)
        entry.target = self._names.next_free(name)
        return Plan(problem, entry, name)

    def _row(self, path: Path, identity: Identity, sha256: str, verdict: Verdict) -> JournalEntry:
        # The time is that of now, because the content is compared once more when it is placed.
        number, self._next = self._next, self._next + 1
        return JournalEntry(
            number,
            State.PLANNED,
            absolute(path),
            identity,
            time.time_ns(),
            sha256,
            verdict,
            self._options.placing,
            None,
        )


def cannot_place(answer: Answer, error: OSError) -> Failed:
    reason = f"it cannot be put into the output: {error.strerror}"
    return Failed(answer.path, reason, error.errno in TRANSIENT)


def _known(problem: Unreadable) -> tuple[Identity, str]:
    """Which file it was: as the reader found it, or, where it did not get that far, as it is now."""
    if problem.identity and problem.sha256:
        return problem.identity, problem.sha256
    with open_unchanged(problem.path, problem.identity) as file:
        return file.identity, file.digest()


def _day(identity: Identity) -> date:
    """When the picture was last changed, where the calendar knows that day."""
    try:
        return date.fromtimestamp(identity.mtime_ns / 1e9)
    except (ValueError, OverflowError, OSError):
        return date(1970, 1, 1)
