"""Several batches at once: each in a thread of its own, which on a CPU is quicker than many threads for one batch."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")


class OrderedThreads(Generic[Batch, Result]):
    """`work` for one batch after the other, `count` of them at a time; results come in the order of the batches.

    >>> with OrderedThreads(work, 2) as threads:
    ...     for batch in batches:
    ...         for result in threads.submit(batch):
    ...             ...
    ...     for result in threads.drain():
    ...         ...
    """

    def __init__(self, work: Callable[[Batch], Result], count: int) -> None:
        self._work = work
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="model")
        self._pending: deque[Future[Result]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def submit(self, batch: Batch) -> list[Result]:
        """Queue `batch`; wait for and return the oldest result if more than `count` + 1 batches are now pending.

        How many that are does not depend on how quick the threads are: the same folder gives the same order again.
        """
        self._pending.append(self._threads.submit(self._work, batch))
        return [self._pending.popleft().result()] if len(self._pending) > self._count + 1 else []

    def drain(self) -> list[Result]:
        """The results of all batches that are still pending."""
        results = [future.result() for future in self._pending]
        self._pending.clear()
        return results
