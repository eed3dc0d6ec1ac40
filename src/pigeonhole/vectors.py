"""Arithmetic on feature vectors, also on so many that it is done part by part and in threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from pigeonhole.cpus import available_cpus

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")
Real = TypeVar("Real", bound=np.floating)


def l2_normalised(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Each row of [N, D] with length 1, one of zeros as it is: however short, as the node in the model file does it."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (features / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
    return scaled


def logsumexp(logits: NDArray[Real]) -> NDArray[Real]:
    """log Σ exp of each row of [N, C]: [N], however large the numbers are."""
    highest = logits.max(axis=1, initial=-np.inf)
    shifted = logits - highest[:, None]
    sums: NDArray[Real] = highest + np.log(np.exp(shifted, out=shifted).sum(axis=1))
    return sums


def log_softmax(logits: NDArray[Real]) -> NDArray[Real]:
    """The logarithms of the shares that softmax gives to each row of [N, C]."""
    logarithms: NDArray[Real] = logits - logsumexp(logits)[:, None]
    return logarithms


def softmax(logits: NDArray[Real]) -> NDArray[Real]:
    """Each row of [N, C] as shares of 1."""
    shares = log_softmax(logits)
    np.exp(shares, out=shares)
    return shares


def by_rows(work: Callable[[slice], Result], count: int, rows: int) -> list[Result]:
    """`work` of every part of `count` rows, `rows` at a time, in threads; the results are in the order of the parts.

    What the parts are does not depend on the number of processors, so that sums over them do not either.
    """
    parts = [slice(start, min(start + rows, count)) for start in range(0, count, rows)]
    if len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(available_cpus(), len(parts))) as threads:
        return list(threads.map(work, parts))


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Inside, a product of matrices uses the calling thread alone.

    numpy's own threads wait for each other by spinning, and on a busy machine take ten times the time.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> "ThreadpoolController":
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
