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
from pigeonhole.files.publish import sync_folder
from pigeonhole.files.source import TRANSIENT, SourceError
from pigeonhole.records import Failed, Found, Outcome, Skipped
from pigeonhole.sorting.desk import Desk
from pigeonhole.sorting.history import History, is_readable
from pigeonhole.sorting.names import Names, PromisedOnDisk
from pigeonhole.sorting.options import Placing, SortOptions
from pigeonhole.sorting.place import put, remove_source
from pigeonhole.sorting.plan import ALREADY, Answer, Plan, Planner
from pigeonhole.sorting.recover import recover
from pigeonhole.sorting.row import Row, State
from pigeonhole.text import printable

GROUP = 32  # files that share their waits for the disk
Other = TypeVar("Other")


class Sorter:
    """Sorts into one folder, alone: a lock keeps every other process out until `close`.

    >>> with Sorter.open(out, SortOptions(placing=Placing.MOVE)) as sorter:
    ...     for outcome in sorter.settle_all(guesses(sorter.fresh(find(source)), model)):
    ...         summary.count(outcome)
    """

    def __init__(self, desk: Desk, options: SortOptions) -> None:
        self._desk = desk
        self._options = options
        self._history = History(desk.journal, writes=not options.dry_run)
        self._names = Names(desk.out, PromisedOnDisk() if options.dry_run else set())
        first = desk.journal.next_id() if desk.journal else 1
        self._planner = Planner(desk.out, options, self._history, self._names, first)
        self._in_hand = False

    @classmethod
    def open(cls, out: Path, options: SortOptions) -> Self:
        """Lock `out` (it is made), check the journal, and finish or roll back what a killed run left.

        Raises OutputError where another process sorts into `out`, where it cannot be written, or where the journal is
        damaged or missing; then nothing has been touched.
        """
        return cls(Desk.look(out) if options.dry_run else Desk.open(out), options)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: what became of a killed run's work, what this file system cannot do."""
        return tuple(self._desk.notes)

    def is_done(self, found: Found) -> bool:
        """Whether this very file was settled before: by its identity, or by its content where that says nothing.

        A source that is unreadable and left, or whose removal failed, is done. A moved one is not: what stands
        under its name now is another file. Another thread than that of `settle` may ask.
        """
        row = self._history.of_file(found.path)
        return row is not None and (is_readable(row) or not self._options.retry_unreadable)

    def fresh(self, items: Iterable[Found | Other]) -> Iterator[Found | Other | Skipped]:
        """The same items, where each Found that is done became a Skipped."""
        for item in items:
            yield Skipped(item.path, ALREADY) if isinstance(item, Found) and self.is_done(item) else item

    def settle(self, answer: Answer) -> Outcome:
        """Put one picture in its place, or set it aside. On return the outcome survives a power cut.

        Failed with `transient` where the file was changed since it was read; it is untouched, try again later.
        Raises OutputError where nothing more can be written (the disk is full, say): the source is where it was, no
        part of it is left in the output, and settle may be called again once there is room.
        """
        (outcome,) = self._settle([answer])
        return outcome

    def settle_all(self, answers: Iterable[Answer]) -> Iterator[Outcome]:
        """The same for many, in their order; quicker, because a group of them shares its waits for the disk."""
        group: list[Answer] = []
        for answer in answers:
            group.append(answer)
            if len(group) == GROUP:
                yield from self._settle(group)
                group = []
        yield from self._settle(group)

    def close(self) -> None:
        """Roll back or finish what is in hand (after an interrupt), and let go of the lock."""
        try:
            with suppress(OutputError, OSError):  # the next run will look again
                self._recover()
                self._history.write_down()
        finally:
            self._desk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> None:
        if self._in_hand and self._desk.journal:
            recover(self._desk.journal, self._desk.places)
        self._in_hand = False

    def _settle(self, answers: Sequence[Answer]) -> Iterator[Outcome]:
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
            elif plan.row.id in problems:
                yield problems[plan.row.id]
            elif full and plan.row.state is State.PLANNED:
                raise full
            else:
                yield plan.outcome(self._desk.out)

    def _carry_out(self, plans: Sequence[Plan], problems: dict[int, Failed]) -> OutputError | None:
        """Do what is planned, as far as it can be written; fills `problems` with what failed, by the row's id."""
        if not plans:
            return None
        self._in_hand = True
        journal, out = self._desk.writing, self._desk.out
        folders = {folder: None for plan in plans if plan.row.target for folder in _missing(out, plan.row)}
        journal.plan([plan.row for plan in plans], folders)
        failpoints.failpoint("planned")
        full = None
        for plan in plans:
            try:
                self._put(plan)
            except SourceError as error:
                problems[plan.row.id] = Failed(plan.answer.path, error.reason, error.transient)
            except OSError as error:
                if _is_hopeless(error, out, plan.row):
                    full = OutputError(f"{printable(out)} cannot be written: {error.strerror}.")
                    break
                reason = f"it cannot be put into the output: {error.strerror}"
                problems[plan.row.id] = Failed(plan.answer.path, reason, error.errno in TRANSIENT)
        self._make_last([plan.row for plan in plans])
        self._names.all_published()
        self._in_hand = False
        return full

    def _put(self, plan: Plan) -> None:
        row = plan.row

        def other_name() -> None:
            self._planner.another_name(plan)
            self._desk.writing.update([row])

        if row.target is None:
            row.state = State.DONE
        else:
            put(row, self._desk.places, other_name)

    def _make_last(self, rows: Sequence[Row]) -> None:
        """Names and journal go to the disk; then the sources of those that were copied by a move go away."""
        done = [row for row in rows if row.state is not State.PLANNED]
        self._sync({self._desk.places.target(row).parent for row in done if row.target})
        failpoints.failpoint("folders synced")
        # A renamed file has left its folder already; what stands in the output was synced first.
        self._sync({row.source.parent for row in done if row.state is State.DONE and row.placing == Placing.MOVE})
        self._desk.writing.update(done, [row for row in rows if row.state is State.PLANNED])
        failpoints.failpoint("journalled")
        copied = [row for row in done if row.state is State.PLACED]
        if copied:
            for row in copied:
                remove_source(row, self._desk.places)
            self._sync({row.source.parent for row in copied})
            self._desk.writing.update(copied)
            failpoints.failpoint("done")

    def _sync(self, folders: set[Path]) -> None:
        for folder in folders:
            try:
                sync_folder(folder)
            except FileNotFoundError:
                continue  # an emptied folder may be removed by its owner
            except OSError as error:
                raise OutputError(f"{printable(folder)} cannot be written: {error.strerror}.") from None


def _missing(out: Path, row: Row) -> list[PurePath]:
    return [] if row.target is None else missing_folders(out, row.target.parent)


def _is_hopeless(error: OSError, out: Path, row: Row) -> bool:
    """Whether the next file will fare no better."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return True
    if error.errno in (errno.EACCES, errno.EPERM):
        return not os.access(out, os.W_OK | os.X_OK) or row.target is None or not row.target.parent.parts
    return isinstance(error, FileNotFoundError) and not out.is_dir()
