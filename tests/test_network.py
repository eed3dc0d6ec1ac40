"""The way of a batch to a GPU and back, tried on the CPU, which onnxruntime serves through the same calls."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models import SIZE, colour_model
from pigeonhole.model import network
from pigeonhole.model.fixed_batch import FixedBatch, pinned
from pigeonhole.model.load import Model, read_model
from pigeonhole.model.session import ON_GPU, open_on_cpu

OUTPUTS = ("probabilities", "features")


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8)


@pytest.mark.parametrize("count", [0, 1, 7, 8])
def test_a_batch_that_is_not_full_answers_for_its_own_pictures_alone(count: int) -> None:
    session = open_on_cpu(colour_model())
    place = FixedBatch(session, OUTPUTS, 8, "cpu")
    place.run(pictures(8, seed=1))  # what lies there from before must not show
    pixels = pictures(count)
    for got, expected in zip(place.run(pixels), session.run(list(OUTPUTS), {"pixels": pixels}), strict=True):
        assert got.shape == expected.shape
        assert np.allclose(got, expected)


def test_answers_stay_as_they_are_when_the_place_is_used_again() -> None:
    place = FixedBatch(open_on_cpu(colour_model()), OUTPUTS, 4, "cpu")
    first = place.run(pictures(4, seed=1))
    kept = [answer.copy() for answer in first]
    place.run(pictures(4, seed=2))
    assert all((answer == before).all() for answer, before in zip(first, kept, strict=True))


def test_memory_is_ordinary_where_there_is_no_cuda() -> None:
    array = pinned((4, SIZE, SIZE, 3))
    array[:] = 7
    assert array.shape == (4, SIZE, SIZE, 3)
    assert (array == 7).all()


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model that believes its session to be on a GPU."""
    model = read_model(colour_model())
    model.network._gpu, model.network._onnx = model.network.session, colour_model()
    monkeypatch.setattr(network, "FixedBatch", OnCpu)
    OnCpu.asked, OnCpu.fails_at, OnCpu.answers_nan = 0, 10**9, False
    return model


class OnCpu(FixedBatch):
    """Fails, for whatever reason, at the so many-th batch of all."""

    asked = 0
    fails_at = 10**9
    error: Exception = RuntimeError("CUDA failure 700: an illegal memory access was encountered")
    answers_nan = False

    def __init__(self, session: Any, outputs: Sequence[str], count: int) -> None:
        super().__init__(session, outputs, count, "cpu")

    def run(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        type(self).asked += 1
        if self.asked > self.fails_at:
            raise self.error
        return [result * np.nan for result in super().run(pixels)] if self.answers_nan else super().run(pixels)


@pytest.mark.parametrize("count", [1, ON_GPU.batch, 2 * ON_GPU.batch + 3])
def test_any_number_of_pictures_goes_through_batches_of_one_size(on_a_gpu: Model, count: int) -> None:
    expected = read_model(colour_model()).answers(pictures(count))[0]
    assert np.allclose(on_a_gpu.answers(pictures(count))[0], expected)
    assert on_a_gpu.note == ""
    assert OnCpu.asked == -(-count // ON_GPU.batch)


def test_when_the_gpu_fails_in_the_middle_every_picture_gets_its_answer(on_a_gpu: Model) -> None:
    """Several threads ask, as when a folder is sorted."""
    OnCpu.fails_at = 5
    batches = [pictures(ON_GPU.batch, seed) for seed in range(12)]
    plain = read_model(colour_model())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(on_a_gpu.probabilities, batches))
    assert all(np.allclose(got, plain.probabilities(batch)) for got, batch in zip(answers, batches, strict=True))
    assert on_a_gpu.note.startswith("The GPU failed while it worked (CUDA reports an error), so the CPU goes on")
    asked = OnCpu.asked
    on_a_gpu.probabilities(batches[0])
    assert OnCpu.asked == asked  # it is not tried again


def test_full_memory_is_called_so(on_a_gpu: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        OnCpu, "error", RuntimeError("Available memory of 1024 is smaller than requested bytes of 4096")
    )
    OnCpu.fails_at = 0
    assert on_a_gpu.probabilities(pictures(3)).shape == (3, 3)
    assert "its memory is full" in on_a_gpu.note


def test_answers_that_are_no_numbers_are_never_given(on_a_gpu: Model) -> None:
    OnCpu.answers_nan = True
    assert np.isfinite(on_a_gpu.probabilities(pictures(3))).all()
    assert "its answers are no numbers" in on_a_gpu.note
