"""Chunks of pictures in → what became of them out, by Ray Data."""

import logging
import pickle
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pigeonhole.answers.listed import Listed
from pigeonhole.cluster.job import Done, Job, Worker, packed
from pigeonhole.cluster.nodes import Shape
from pigeonhole.errors import OutputError, PigeonholeError

WAVE = 1_000_000  # pictures of one Ray dataset: something of each of its chunks stays in memory to its end
IN_FLIGHT = 2  # chunks that a worker holds: the next one is there when one is done
FEWEST = 16  # pictures of a chunk


def chunk_size(pictures: int, shape: Shape, most: int) -> int:
    """Eight chunks of so many `pictures` for each worker, so that nobody waits long for the last one."""
    return max(FEWEST, min(most, pictures // (8 * shape.workers)))


def growing(shape: Shape, most: int) -> Iterator[int]:
    """Sizes of chunks where nobody knows how many pictures will be listed: as for those that were listed before."""
    before = 0
    while True:
        size = chunk_size(before, shape, most)
        yield size
        before += size


def in_chunks(listed: Iterable[Listed], sizes: Iterable[int]) -> Iterator[list[Listed]]:
    rest = iter(listed)
    for size in sizes:
        chunk = list(islice(rest, size))
        if not chunk:
            return
        yield chunk


def put(number: int, chunk: list[Listed]) -> Any:
    """A reference to the chunk in Ray's object store: not in this process's memory."""
    import pyarrow as pa
    import ray

    return ray.put(pa.Table.from_pylist([packed(number, chunk)]))


def answer_all(job: Job, shape: Shape, listed: Iterable[Listed], sizes: Iterable[int]) -> Iterator[Done]:
    """Every chunk as soon as it is done, and each once. Raises as `answer_wave`."""
    for references in _waves(in_chunks(listed, sizes)):
        yield from answer_wave(job, shape, references, ordered=False)


def _waves(chunks: Iterable[list[Listed]]) -> Iterator[list[Any]]:
    """References to chunks, numbered throughout."""
    references: list[Any] = []
    pictures = 0
    for number, chunk in enumerate(chunks):
        references.append(put(number, chunk))
        pictures += len(chunk)
        if pictures >= WAVE:
            yield references
            references, pictures = [], 0
    if references:
        yield references


def answer_wave(job: Job, shape: Shape, references: list[Any], *, ordered: bool) -> Iterator[Done]:
    """What became of the chunks that `put` has put; `ordered`: in their order.

    Raises OutputError where a worker cannot write, PigeonholeError where the cluster cannot go on.
    """
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong is raised
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_options.preserve_order = ordered
    # A range: a pool of a fixed size that takes every processor waits for ever for that of a machine which is lost.
    pool = ActorPoolStrategy(min_size=1, initial_size=shape.workers, max_tasks_in_flight_per_actor=IN_FLIGHT)
    try:
        dataset = ray.data.from_arrow_refs(references).map_batches(
            Worker,
            batch_size=1,
            compute=pool,
            num_cpus=shape.processors,
            num_gpus=shape.gpus or None,
            fn_constructor_args=(job,),
        )
        for row in dataset.iter_rows():
            done: Done = pickle.loads(row["value"])  # noqa: S301 - from our Worker, through Ray, which does the same
            if done.stopped:
                raise OutputError(done.stopped, "") if done.cannot_write else PigeonholeError(done.stopped)
            yield done
    except (ray.exceptions.RayError, ConnectionError) as error:
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise PigeonholeError(f"The cluster cannot go on: {first}", "What is done stays. Run it again.") from None
