"""Decoding in processes: a decoder that crashes, hangs or eats memory costs one file and nothing else.

Every process has a connection and a piece of shared memory of its own. Pools that share one pipe and one lock among
their workers (multiprocessing's, pebble's) break when a worker is killed while it holds them.
"""

import os
import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from pigeonhole.cpus import available_cpus
from pigeonhole.decoding.item import Decoded, Made, Problem
from pigeonhole.decoding.process import DecoderProcess, Job, shared_file
from pigeonhole.decoding.protocol import Limits, Settings
from pigeonhole.errors import PigeonholeError
from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.records import Found

AHEAD = 16  # a batch of the model, so that decoding goes on while the model thinks
KILLS = 2  # so many workers may one file cost; the first may have died of something else
FAILED_STARTS = 3


class DecoderPool:
    """As many decoder processes as there are processors, started when there is work, kept until `close`.

    With `early` they start at once, which hides their tenth of a second behind the loading of the model.
    """

    def __init__(
        self,
        workers: int | None = None,
        limits: Limits | None = None,
        decoder: str = "pigeonhole.images:to_square",
        *,
        early: bool = False,
    ) -> None:
        self._most = workers or available_cpus()
        self._limits = limits or Limits()
        self._decoder = decoder
        self._window = AHEAD + 2 * self._most
        self._workers: list[DecoderProcess] = []
        self._selector = selectors.DefaultSelector()
        self._lock_descriptor = shared_file(1)
        self._settings: Settings | None = None
        self._animeface: Path | None = None
        self._failed_starts = 0
        if early:
            for _ in range(self._most):
                self._spawn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process; the pool cannot be used any more."""
        self.rest()
        self._selector.close()
        os.close(self._lock_descriptor)

    def rest(self) -> None:
        """End every process; the next work starts new ones."""
        while self._workers:
            self._remove(self._workers[-1]).close()

    def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
        """One result for each item, in their order. Raises PigeonholeError where no decoder process can be started."""
        for result in self._results(items, preprocessing):
            if isinstance(result, Made):
                raise TypeError(result)
            yield result

    def make(self, items: Iterable[Found | Problem], settings: Settings) -> Iterator[Made | Problem]:
        """The same with a function that makes something else of a picture, under `settings` of which `size` is 0."""
        for result in self._results(items, settings):
            if isinstance(result, Decoded):
                raise TypeError(result)
            yield result

    def _results(self, items: Iterable[Found | Problem], settings: Settings) -> Iterator[Decoded | Made | Problem]:
        if settings != self._settings:
            if any(worker.jobs for worker in self._workers):
                self.rest()  # an earlier caller did not wait for these, and they are written as they were asked for
            self._settings = settings
            looks = isinstance(settings, Preprocessing) and settings.face == "drawn"
            self._animeface = animeface_if_there() if looks else None
            for worker in self._workers:
                worker.prepare(settings, self._animeface)
        pending: deque[Job | Problem] = deque()
        for item in items:
            pending.append(self._submitted(item) if isinstance(item, Found) else item)
            if len(pending) >= self._window:
                yield self._result(pending.popleft())
        while pending:
            yield self._result(pending.popleft())

    def _result(self, item: Job | Problem) -> Decoded | Made | Problem:
        if not isinstance(item, Job):
            return item
        while item.result is None:
            self._work()
        return item.result

    def _submitted(self, found: Found) -> Job:
        job = Job(found)
        self._submit(job)
        return job

    def _submit(self, job: Job) -> None:
        while True:
            freest = max(self._workers, key=lambda worker: worker.room, default=None)
            if len(self._workers) < self._most and (freest is None or freest.jobs):
                freest = self._spawn()
            if freest is not None and freest.room > 0:
                freest.give(job)
                return
            self._work()  # all are full with what an earlier caller asked for and did not wait for

    def _work(self) -> None:
        """Wait until some worker has answered, died or used up its time, and take note of it."""
        deadlines = [deadline for worker in self._workers if (deadline := worker.deadline()) is not None]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        for key, _ in self._selector.select(timeout):
            self._receive(key.data)
        now = time.monotonic()
        for worker in list(self._workers):
            deadline = worker.deadline()
            if deadline is not None and deadline <= now:
                self._reap(worker)

    def _receive(self, worker: DecoderProcess) -> None:
        try:
            worker.receive()
        except (EOFError, OSError):
            self._reap(worker)
        else:
            self._failed_starts = 0

    def _reap(self, worker: DecoderProcess) -> None:
        """Take a dead or overdue worker away. Its first job is blamed; the others begin again elsewhere."""
        self._remove(worker)
        blame = worker.end()
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise PigeonholeError("No decoder process can be started.", "Look above for what it said.")
        if blame is not None:
            worker.jobs[0].kills += 1
            if blame.is_certain or worker.jobs[0].kills >= KILLS:
                worker.jobs.popleft().result = blame.problem
        for job in worker.jobs:
            self._submit(job)

    def _spawn(self) -> DecoderProcess:
        depth = -(-self._window // self._most)
        try:
            worker = DecoderProcess(self._limits, self._decoder, depth, self._lock_descriptor)
        except OSError as error:  # no memory, or too many processes or open files
            raise PigeonholeError(f"No decoder process can be started: {error.strerror}.") from None
        if self._settings is not None:
            worker.prepare(self._settings, self._animeface)
        self._workers.append(worker)
        self._selector.register(worker.connection, selectors.EVENT_READ, worker)
        return worker

    def _remove(self, worker: DecoderProcess) -> DecoderProcess:
        self._selector.unregister(worker.connection)
        self._workers.remove(worker)
        return worker
