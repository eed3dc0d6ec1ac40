"""Files in → answers out: decode workers, batches and back-pressure.

Decoding runs in threads (Pillow lets go of Python's lock) a little ahead of the model; no more than a few batches of
pictures exist at any time, however large the folder.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pigeonhole.cpus import available_cpus
from pigeonhole.errors import UnreadableError
from pigeonhole.files.read import digest, read
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.model import Model
from pigeonhole.records import Failed, Found, Guess, Identity, Skipped, Unreadable

BATCH = 16  # more gains nothing on a CPU

Problem = Unreadable | Skipped | Failed
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture as the model sees it: `pixels` uint8 [S, S, 3] RGB, of the bytes that have the digest `sha256`."""

    found: Found
    identity: Identity
    sha256: str
    pixels: NDArray[np.uint8]


def guesses(found: Iterable[Found | Problem], model: Model) -> Iterator[Guess | Problem]:
    """The model's answer for every file. Guesses keep the order of the files; a Problem does not wait for its batch."""
    batch: list[Decoded] = []
    for item in decoded(found, model.card.preprocessing):
        if not isinstance(item, Decoded):
            yield item
            continue
        batch.append(item)
        if len(batch) == BATCH:
            yield from _answers(batch, model)
            batch = []
    if batch:
        yield from _answers(batch, model)


def decoded(found: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
    """Every file read and decoded, in their order, `BATCH` and a few more ahead of whoever asks."""
    return _ahead(lambda item: _decode(item, preprocessing), found)


def _answers(batch: list[Decoded], model: Model) -> Iterator[Guess]:
    for item, row in zip(batch, model.probabilities(np.stack([item.pixels for item in batch])), strict=True):
        yield Guess(item.found.path, _ranking(model.card.labels, row), item.sha256, item.identity)


def _ranking(labels: tuple[str, ...], row: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-row, kind="stable")
    return tuple((labels[index], float(row[index])) for index in order)


def _decode(item: Found | Problem, preprocessing: Preprocessing) -> Decoded | Problem:
    if not isinstance(item, Found):
        return item
    identity, sha256 = None, None
    try:
        data, identity = read(item.path)
        sha256 = digest(data)
        return Decoded(item, identity, sha256, to_square(data, preprocessing))
    except UnreadableError as error:
        return Unreadable(item.path, str(error), identity, sha256)
    except OSError as error:
        return Failed(item.path, f"it cannot be read: {error.strerror}")


def _ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of each item, in order, done by as many threads as there are processors, a bounded number ahead."""
    workers = available_cpus()
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) >= BATCH + 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
