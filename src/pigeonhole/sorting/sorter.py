"""The face of the sorting room: answers in, outcomes out, and a journal that makes both repeatable and undoable."""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self, TypeVar

from pigeonhole import failpoints
from pigeonhole.errors import OutputError
from pigeonhole.files.folders import missing_folders
from pigeonhole.files.source import TRANSIENT, SourceError
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.records import Failed, Found, Outcome, Skipped
from pigeonhole.sorting.free_names import FreeNames, PromisedOnDisk
from pigeonhole.sorting.options import Placing, SortOptions
from pigeonhole.sorting.output_folder import GROUP, OutputFolder, cannot_write, sync_folders
from pigeonhole.sorting.placing import place_file, remove_source
from pigeonhole.sorting.plan import ALREADY, Answer, Plan, Planner
from pigeonhole.sorting.recover import recover
from pigeonhole.sorting.seen_files import SeenFiles, is_readable

Other = TypeVar("Other")


class Sorter:
    """Sorts into one folder, alone: a lock keeps every other process out until `close`.

    >>> with Sorter.open(out, SortOptions(placing=Placing.MOVE)) as sorter:
    ...     unsorted = sorter.skip_done(find(source))
    ...     for outcome in sorter.place_all(guesses(unsorted, model)):
    ...         summary.count(outcome)
    """

    def __init__(self, folder: OutputFolder, options: SortOptions) -> None:
        self._folder = folder
        self._options = options
        self._seen = SeenFiles(folder.journal, writes=not options.dry_run)
        self._names = FreeNames(folder.path, PromisedOnDisk() if options.dry_run else set())
        first = folder.journal.next_id() if folder.journal else 1
        self._planner = Planner(folder.path, options, self._seen, self._names, first)
        self._in_hand = False

    @classmethod
    def open(cls, out: Path, options: SortOptions) -> Self:
        """Lock `out` (it is made), check the journal, and finish or roll back what a killed run left.

        Raises OutputError where another process sorts into `out`, where it cannot be written, or where the journal is
        damaged or missing; then nothing has been touched.
        """
        return cls(OutputFolder.open_read_only(out) if options.dry_run else OutputFolder.open(out), options)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: what became of a killed run's work, what this file system cannot do."""
        return tuple(self._folder.notes)

    def is_done(self, found: Found) -> bool:
        """Whether this very file was sorted before: by its identity, or by its content where that says nothing.

        A source that is unreadable and left, or whose removal failed, is done. A moved one is not: what stands
        under its name now is another file. Another thread than that of `place` may ask.
        """
        entry = self._seen.of_file(found.path)
        return entry is not None and (is_readable(entry) or not self._options.retry_unreadable)

    def skip_done(self, items: Iterable[Found | Other]) -> Iterator[Found | Other | Skipped]:
        """The same items, where each Found that is done became a Skipped."""
        for item in items:
            yield Skipped(item.path, ALREADY) if isinstance(item, Found) and self.is_done(item) else item

    def place(self, answer: Answer) -> Outcome:
        """Put one picture in its place, or set it aside. On return the outcome survives a power cut.

        Failed with `transient` where the file was changed since it was read; it is untouched, try again later.
        Raises OutputError where nothing more can be written (the disk is full, say): the source is where it was, no
        part of it is left in the output, and place may be called again once there is room.
        """
        (outcome,) = self._place_group([answer])
        return outcome

    def place_all(self, answers: Iterable[Answer]) -> Iterator[Outcome]:
        """The same for many, in their order; quicker, because a group of them shares its waits for the disk."""
        group: list[Answer] = []
        for answer in answers:
            group.append(answer)
            if len(group) == GROUP:
                yield from self._place_group(group)
                group = []
        yield from self._place_group(group)

    def close(self) -> None:
        """Roll back or finish what is in hand (after an interrupt), and let go of the lock."""
        try:
            with suppress(OutputError, OSError):  # the next run will look again
                self._recover()
                self._seen.write_down()
        finally:
            self._folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> None:
        if self._in_hand and self._folder.journal:
            recover(self._folder.journal, self._folder.paths)
        self._in_hand = False

    def _place_group(self, answers: Sequence[Answer]) -> Iterator[Outcome]:
        """Every outcome up to the one where nothing more could be written; then OutputError."""
        self._recover()
        plans = [self._planner.plan(answer) for answer in answers]
        problems: dict[int, Failed] = {}
        full: OutputError | None = None
        if not self._options.dry_run:
            full = self._carry_out([plan for plan in plans if isinstance(plan, Plan)], problems)
        for plan in plans:
            if not isinstance(plan, Plan):
                yield plan
            elif plan.entry.id in problems:
                yield problems[plan.entry.id]
            elif full and plan.entry.state is State.PLANNED:
                raise full
            else:
                yield plan.outcome(self._folder.path)

    def _carry_out(self, plans: Sequence[Plan], problems: dict[int, Failed]) -> OutputError | None:
        """Do what is planned, as far as it can be written; fills `problems` with what failed, by the entry's id."""
        if not plans:
            return None
        self._in_hand = True
        journal, out = self._folder.writing, self._folder.path
        folders = {folder: None for plan in plans if plan.entry.target for folder in _missing(out, plan.entry)}
        journal.plan([plan.entry for plan in plans], folders)
        failpoints.failpoint("planned")
        full = None
        for plan in plans:
            try:
                self._place_file(plan)
            except SourceError as error:
                problems[plan.entry.id] = Failed(plan.answer.path, error.reason, error.transient)
            except OSError as error:
                if _is_hopeless(error, out, plan.entry):
                    full = cannot_write(out, error)
                    break
                reason = f"it cannot be put into the output: {error.strerror}"
                problems[plan.entry.id] = Failed(plan.answer.path, reason, error.errno in TRANSIENT)
        self._finish([plan.entry for plan in plans])
        self._names.all_published()
        self._in_hand = False
        return full

    def _place_file(self, plan: Plan) -> None:
        entry = plan.entry

        def other_name() -> None:
            self._planner.another_name(plan)
            self._folder.writing.update([entry])

        if entry.target is None:
            entry.state = State.DONE
        else:
            place_file(entry, self._folder.paths, other_name)

    def _finish(self, entries: Sequence[JournalEntry]) -> None:
        """Names and journal go to the disk; then the sources of those that were copied by a move go away."""
        done = [entry for entry in entries if entry.state is not State.PLANNED]
        sync_folders({self._folder.paths.target(entry).parent for entry in done if entry.target})
        failpoints.failpoint("folders synced")
        # A renamed file has left its folder already; what stands in the output was synced first.
        sync_folders(
            {entry.source.parent for entry in done if entry.state is State.DONE and entry.placing == Placing.MOVE}
        )
        self._folder.writing.update(done, [entry for entry in entries if entry.state is State.PLANNED])
        failpoints.failpoint("journalled")
        copied = [entry for entry in done if entry.state is State.PLACED]
        if copied:
            for entry in copied:
                remove_source(entry, self._folder.paths)
            sync_folders({entry.source.parent for entry in copied})
            self._folder.writing.update(copied)
            failpoints.failpoint("done")


def _missing(out: Path, entry: JournalEntry) -> list[PurePath]:
    return [] if entry.target is None else missing_folders(out, entry.target.parent)


def _is_hopeless(error: OSError, out: Path, entry: JournalEntry) -> bool:
    """Whether the next file will fare no better."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return True
    if error.errno in (errno.EACCES, errno.EPERM):
        return not os.access(out, os.W_OK | os.X_OK) or entry.target is None or not entry.target.parent.parts
    return isinstance(error, FileNotFoundError) and not out.is_dir()
