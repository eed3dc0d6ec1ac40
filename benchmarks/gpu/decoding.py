"""Stage `decoding`: pictures a second that 1, 2, 4, 8 and 16 processes read and decode, without a model.

`main, ms`: the time that the main process's one thread spends on a picture, which no number of processes makes less.
"""

import time
from collections.abc import Iterator

from stage import KINDS, SMALL, Figures, pictures

from pigeonhole.cpus import available_cpus
from pigeonhole.decoding.item import Decoded
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import find
from pigeonhole.images import Preprocessing
from pigeonhole.records import Found

SECONDS = 0.2 if SMALL else 1.6


def main() -> None:
    figures = Figures("decoding")
    for name in KINDS:
        found = [each for each in find(pictures(name).pictures) if isinstance(each, Found)]
        for workers in (1, 2, 4, 8, 16):
            if workers <= max(2, available_cpus()):
                with figures.part(f"{name}, {workers}") as keep:
                    keep(_measured(found, workers))
    figures.end()


def _measured(found: list[Found], workers: int) -> dict[str, float]:
    with DecoderPool(workers) as pool:
        for _ in pool.decode(found[: 3 * workers], Preprocessing()):
            pass  # the processes have started
        count, began, own = 0, time.perf_counter(), time.thread_time()
        for item in pool.decode(_until(found, began + SECONDS), Preprocessing()):
            if not isinstance(item, Decoded):
                raise TypeError(f"a picture was not decoded: {item}")
            count += 1
        seconds, own = time.perf_counter() - began, time.thread_time() - own
    return {"per second": round(count / seconds, 1), "main, ms": round(1000 * own / count, 3)}


def _until(found: list[Found], end: float) -> Iterator[Found]:
    """Over and over, for a while."""
    while True:
        for each in found:
            if time.perf_counter() >= end:
                return
            yield each


if __name__ == "__main__":
    main()
