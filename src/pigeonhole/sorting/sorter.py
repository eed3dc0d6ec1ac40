"""The face of the sorting room: answers in, outcomes out, and a journal that makes both repeatable and undoable."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pigeonhole.records import Failed, Found, Guess, Outcome, Skipped, Unreadable
from pigeonhole.sorting.options import SortOptions

Answer = Guess | Unreadable | Skipped | Failed
Other = TypeVar("Other")


class Sorter:
    """Sorts into one folder, alone: a lock keeps every other process out until `close`.

    >>> with Sorter.open(out, SortOptions(placing=Placing.MOVE)) as sorter:
    ...     for outcome in sorter.settle_all(guesses(sorter.fresh(find(source)), model)):
    ...         summary.count(outcome)
    """

    notes: tuple[str, ...]
    """Sentences for the user: what a killed run had left and became of it, what this file system cannot do."""

    @classmethod
    def open(cls, out: Path, options: SortOptions) -> Self:
        """Lock `out` (it is made), check the journal, and finish or roll back what a killed run left.

        Raises OutputError where another process sorts into `out`, where it cannot be written, or where the journal is
        damaged or missing; then nothing has been touched.
        """
        raise NotImplementedError

    def is_done(self, found: Found) -> bool:
        """Whether this very file was settled before: by its identity, or by its content where that says nothing.

        A source that is unreadable and left, or whose removal failed, is done. A moved one is not: what stands
        under its name now is another file. May be called from any one thread.
        """
        raise NotImplementedError

    def fresh(self, items: Iterable[Found | Other]) -> Iterator[Found | Other | Skipped]:
        """The same items, where each Found that is done became a Skipped."""
        raise NotImplementedError

    def settle(self, answer: Answer) -> Outcome:
        """Put one picture in its place, or set it aside. On return the outcome survives a power cut.

        Failed with `transient` where the file was changed since it was read; it is untouched, try again later.
        Raises OutputError where nothing more can be written (the disk is full, say): the source is where it was, no
        part of it is left in the output, and settle may be called again once there is room.
        """
        raise NotImplementedError

    def settle_all(self, answers: Iterable[Answer]) -> Iterator[Outcome]:
        """The same for many, in their order; quicker, because a group of them shares its waits for the disk."""
        raise NotImplementedError

    def close(self) -> None:
        """Roll back what was begun and not finished (after an interrupt), and let go of the lock."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
