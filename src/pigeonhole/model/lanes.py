"""Several batches at once: each in a thread of its own, which on a CPU is quicker than many threads for one batch."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")


class Lanes(Generic[Batch, Result]):
    """`work` for one batch after the other, `count` of them at a time; results come in the order of the batches.

    >>> with Lanes(work, 2) as lanes:
    ...     for batch in batches:
    ...         for result in lanes.put(batch):
    ...             ...
    ...     for result in lanes.rest():
    ...         ...
    """

    def __init__(self, work: Callable[[Batch], Result], count: int) -> None:
        self._work = work
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="model")
        self._under_way: deque[Future[Result]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def put(self, batch: Batch) -> list[Result]:
        """Begin with `batch`; the result of an earlier one, waited for, when one more than the lanes are under way.

        Which one that is does not depend on how quick they are: the same folder gives the same order again.
        """
        self._under_way.append(self._threads.submit(self._work, batch))
        return [self._under_way.popleft().result()] if len(self._under_way) > self._count + 1 else []

    def rest(self) -> list[Result]:
        """The results of all that is still under way."""
        results = [future.result() for future in self._under_way]
        self._under_way.clear()
        return results
