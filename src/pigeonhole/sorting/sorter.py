"""The face of the sorting room: answers in, outcomes out, and a journal that makes both repeatable and undoable."""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pigeonhole import failpoints
from pigeonhole.errors import OutputError
from pigeonhole.files.folders import missing_folders
from pigeonhole.files.source import SourceError, reason_of
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.placing.mode import Placing
from pigeonhole.placing.output_folder import GROUP, OutputFolder, cannot_write, sync_folders
from pigeonhole.placing.place import cannot_remove, place_file, remove_source
from pigeonhole.placing.recover import bring_to_end, recover
from pigeonhole.records import Failed, Found, Outcome, Skipped
from pigeonhole.sorting.earlier import EarlierOutcomes
from pigeonhole.sorting.free_names import FreeNames, PromisedOnDisk
from pigeonhole.sorting.options import SortOptions
from pigeonhole.sorting.plan import Answer, Plan, Planner, cannot_place
from pigeonhole.sorting.seen_files import SeenFiles

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
        self._earlier = EarlierOutcomes(folder, options, self._seen)
        self._names = FreeNames(folder.path, PromisedOnDisk() if options.dry_run else set())
        self._planner = Planner(folder, options, self._seen, self._earlier, self._names)
        self._owed: dict[int, Plan] = {}  # whose outcome nobody has heard yet
        self._unsettled: dict[int, Plan] = {}  # which were told to have failed, because nobody knew better
        self._unknown = [entry for entry, _ in folder.unknown]  # the same, from earlier runs too
        self._is_unfinished = bool(self._unknown)
        self._late: list[Outcome] = []

    @classmethod
    def open(cls, out: Path, options: SortOptions, source: Path | None = None) -> Self:
        """Lock `out` (it is made), check the journal, and finish or roll back what a killed run left.

        A journal that was not made here is believed of files below the folder `source` alone.

        Raises OutputError where another process sorts into `out`, where it cannot be written, or where the journal is
        damaged or missing; then nothing has been touched.
        """
        if options.dry_run:
            return cls(OutputFolder.open_read_only(out), options)
        return cls(OutputFolder.open(out, () if source is None else (source,)), options)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: what became of a killed run's work, what this file system cannot do."""
        return tuple(self._folder.notes)

    @property
    def unsettled(self) -> tuple[Path, ...]:
        """Sources of which nobody knows yet where they stand, because a disk does not answer."""
        known = {entry.id for entry in self._unknown}
        return (
            *(entry.source for entry in self._unknown),
            *(plan.answer.path for number, plan in self._unsettled.items() if number not in known),
        )

    def outcome_before(self, found: Found) -> Skipped | Failed | None:
        """What there is to say of a file that needs not be read, None where it is to be sorted.

        Skipped where this very file was sorted before: its identity tells, or its content where that says nothing. A
        source that is unreadable and was left is done, too; one whose removal failed is removed now, and Failed if that
        fails again. A moved one is not done: what stands under its name now is another file. Another thread than that
        of `place` may ask.
        """
        return self._earlier.of_file(found.path)

    def skip_done(self, items: Iterable[Found | Other]) -> Iterator[Found | Other | Skipped | Failed]:
        """The same items, where each Found that is done became its outcome."""
        for item in items:
            yield (self.outcome_before(item) if isinstance(item, Found) else None) or item

    def place(self, answer: Answer) -> Outcome:
        """Put one picture in its place, or set it aside. On return the outcome survives a power cut.

        Failed with `transient` where the file was changed since it was read, or a disk does not answer; try again
        later. Raises OutputError where nothing more can be written (the disk is full, say): the source is where it was,
        no part of it is left in the output, and place may be called again once there is room.
        """
        (outcome,) = self._place_group([answer])
        return outcome

    def place_all(self, answers: Iterable[Answer]) -> Iterator[Outcome]:
        """The same for many, in their order; quicker, because a group of them shares its waits for the disk.

        Before an OutputError come the outcomes of all that could be told.
        """
        group: list[Answer] = []
        for answer in answers:
            group.append(answer)
            if len(group) == GROUP:
                yield from self._place_group(group)
                group = []
        yield from self._place_group(group)

    def settle_late(self) -> list[Outcome]:
        """The outcomes of files that stand in their place by now, and were told to have failed or not told at all."""
        self._resume()
        late, self._late = self._late, []
        return late

    def is_output(self, folder: Path) -> bool:
        """Whether `folder` is the output itself, under whatever path a mount shows it."""
        return self._folder.is_seen_at(folder)

    def check(self) -> None:
        """Raise OutputError where the output folder or its journal have gone or are others now."""
        try:
            self._folder.check()
        except OSError as error:
            raise cannot_write(self._folder.path, error) from None

    def close(self) -> list[Outcome]:
        """Roll back or finish what is in hand (after an interrupt), and let go of the lock. Outcomes as settle_late's.

        May be called twice.
        """
        late: list[Outcome] = []
        try:
            with suppress(OutputError):  # the next run will look again
                late = self.settle_late()
                self._seen.write_down()
        finally:
            self._folder.close()
        return late

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _resume(self) -> None:
        """Look again at what was left open, be it by an interrupt or by a disk that did not answer."""
        if not self._is_unfinished:
            return
        self.check()
        with self._folder.recovering:
            result = recover(self._folder.writing, self._folder.paths)
        waiting = {**self._unsettled, **self._owed}
        for entry in result.finished:
            if plan := waiting.get(entry.id):
                plan.entry = entry
                self._late.append(plan.outcome(self._folder.path))
        self._unknown = [entry for entry, _ in result.unknown]
        unknown = {entry.id for entry in self._unknown}
        self._unsettled = {number: plan for number, plan in waiting.items() if number in unknown}
        self._owed = {}
        self._is_unfinished = bool(unknown)
        if len(unknown) > GROUP:
            raise OutputError(f"{len(unknown)} files cannot be looked at: {result.unknown[0][1]}.", "Try again later.")

    def _place_group(self, answers: Sequence[Answer]) -> Iterator[Outcome]:
        """Every outcome that can be told; then OutputError where something could not be written."""
        self._resume()
        plans = [self._planner.plan(answer) for answer in answers]
        self._owed = {plan.entry.id: plan for plan in plans if isinstance(plan, Plan)}
        failed: dict[int, Failed] = {}
        stopped = None
        if self._owed and not self._options.dry_run:
            stopped = self._carry_out(list(self._owed.values()), failed)
        for plan in plans:
            if not isinstance(plan, Plan):
                yield plan
                continue
            number = plan.entry.id
            if number in failed:
                del self._owed[number]
                yield failed[number]
            elif self._options.dry_run or plan.entry.state is not State.PLANNED:
                del self._owed[number]
                yield plan.outcome(self._folder.path)
        if stopped:
            raise stopped

    def _carry_out(self, plans: Sequence[Plan], failed: dict[int, Failed]) -> OutputError | None:
        """Do what is planned, as far as it can be written; fills `failed` by the entry's id."""
        journal, out = self._folder.writing, self._folder.path
        self._is_unfinished = True
        try:
            self.check()
            targets = [plan.entry.target for plan in plans if plan.entry.target is not None]
            folders = {folder: None for target in targets for folder in missing_folders(out, target.parent)}
            journal.plan([plan.entry for plan in plans], folders)
        except OutputError as error:
            return error
        except OSError as error:
            return cannot_write(out, error)
        failpoints.failpoint("planned")
        tried: list[Plan] = []
        stopped = self._place_files(plans, tried, failed)
        try:
            self._find_out([plan for plan in tried if plan.entry.state is State.PLANNED], failed)
            self._finish(plans)
        except OutputError as error:
            return stopped or error  # the next group, or the next run, looks at the rest again
        self._names.all_published()
        self._is_unfinished = bool(self._unsettled) or any(plan.entry.state is State.PLACED for plan in plans)
        return stopped

    def _place_files(self, plans: Sequence[Plan], tried: list[Plan], failed: dict[int, Failed]) -> OutputError | None:
        """Place them one after the other, until one shows that the next will fare no better."""
        for plan in plans:
            try:
                self._folder.check()
                tried.append(plan)
                self._place_file(plan)
            except OutputError as error:
                return error
            except SourceError as error:
                failed[plan.entry.id] = Failed(plan.answer.path, error.reason, error.transient)
            except OSError as error:
                if _is_hopeless(error, self._folder.path, plan.entry):
                    return self._folder.why_not_written(error)
                failed[plan.entry.id] = cannot_place(plan.answer, error)
        return None

    def _place_file(self, plan: Plan) -> None:
        entry = plan.entry

        def other_name() -> None:
            self._planner.another_name(plan)
            self._folder.writing.update([entry])

        if entry.target is None:
            entry.state = State.DONE
        else:
            place_file(entry, self._folder.paths, other_name)

    def _find_out(self, plans: Sequence[Plan], failed: dict[int, Failed]) -> None:
        """An error may be that of the answer alone: what counts for a file that failed is where it stands now."""
        self.check()
        for plan in plans:
            number, path = plan.entry.id, plan.answer.path
            try:
                is_placed = bring_to_end(plan.entry, self._folder.writing, self._folder.paths)
            except (OSError, SourceError) as error:
                self._unsettled[number] = plan
                failed[number] = Failed(
                    path, f"nobody can tell yet where it stands: {reason_of(error)}", transient=True
                )
            else:
                if is_placed:
                    failed.pop(number, None)

    def _finish(self, plans: Sequence[Plan]) -> None:
        """Names and journal go to the disk; then the sources of those that were copied by a move go away."""
        entries = [plan.entry for plan in plans if plan.entry.id not in self._unsettled]
        placed = [entry for entry in entries if entry.state is not State.PLANNED]
        sync_folders({self._folder.paths.target(entry).parent for entry in placed if entry.target})
        failpoints.failpoint("folders synced")
        # A renamed file has left its folder already; what stands in the output was synced first.
        renamed = (entry for entry in placed if entry.state is State.DONE and entry.placing == Placing.MOVE)
        sync_folders({entry.source.parent for entry in renamed})
        self.check()
        self._folder.writing.update(placed, [entry for entry in entries if entry.state is State.PLANNED])
        failpoints.failpoint("journalled")
        copied = [entry for entry in placed if entry.state is State.PLACED]
        if copied:
            for entry in copied:
                try:
                    remove_source(entry, entry.identity, self._folder.paths)
                except (OSError, SourceError) as error:  # it stays PLACED, and is looked at again
                    entry.trouble = cannot_remove(error)
            sync_folders({entry.source.parent for entry in copied})
            self._folder.writing.update(copied)
            failpoints.failpoint("done")


def _is_hopeless(error: OSError, out: Path, entry: JournalEntry) -> bool:
    """Whether the next file will fare no better."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return True
    if error.errno in (errno.EACCES, errno.EPERM):
        return not os.access(out, os.W_OK | os.X_OK) or entry.target is None or not entry.target.parent.parts
    return isinstance(error, FileNotFoundError) and not out.is_dir()
