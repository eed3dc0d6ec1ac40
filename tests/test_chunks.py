"""How pictures are dealt out to the workers of a cluster."""

from itertools import islice, takewhile

import pytest

from pigeonhole.answers.listed import Listed
from pigeonhole.cluster.nodes import Shape
from pigeonhole.cluster.run import FEWEST, chunk_size, growing, in_chunks

MOST = 5000


def listed(count: int) -> list[Listed]:
    return [Listed(f"{number}.jpg", 1, 1, None) for number in range(count)]


@pytest.mark.parametrize("workers", [1, 3, 200])
@pytest.mark.parametrize("count", [1, 100, 5000, 200_000])
def test_however_many_objects_a_store_has_no_worker_waits_for_a_large_last_chunk(workers: int, count: int) -> None:
    pictures = listed(count)
    chunks = list(in_chunks(pictures, growing(Shape(1, 0, workers), MOST)))
    assert [each for chunk in chunks for each in chunk] == pictures
    share = count / workers
    assert max(map(len, chunks)) <= max(FEWEST, min(MOST, share / 8))


def test_chunks_of_a_large_store_become_as_large_as_those_of_a_folder() -> None:
    """Growing to the most takes fifty chunks of each worker, not thousands."""
    shape = Shape(1, 0, 10)
    sizes = list(takewhile(lambda size: size < MOST, growing(shape, MOST)))
    assert sizes == sorted(sizes)
    assert len(sizes) < 600
    assert chunk_size(10**9, shape, MOST) == MOST
    assert list(islice(growing(shape, MOST), 700))[-1] == MOST
