"""How a model is run: on which device, how many pictures at a time, and what is said where the GPU cannot be used."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models import SIZE, colour_model
from pigeonhole.model import load_model, network, session
from pigeonhole.model.batch_threads import OrderedThreads
from pigeonhole.model.load import read_model


@pytest.fixture
def gpu_without_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine seems to have a GPU, and onnxruntime cannot open a session on it."""
    monkeypatch.setattr(session, "has_gpu", lambda: True)
    monkeypatch.setattr(network, "has_gpu", lambda: True)
    with pytest.warns(UserWarning, match="CUDAExecutionProvider"):
        yield


@pytest.mark.usefixtures("gpu_without_driver")
def test_a_gpu_that_cannot_be_used_is_said_in_one_line_and_the_cpu_answers(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(colour_model())
    model = load_model(tmp_path / "model.onnx")
    assert model.device == "CPU"
    assert model.note.startswith("There is a GPU, but onnxruntime cannot use it, so the CPU works")
    assert "\n" not in model.note
    assert model.probabilities(np.zeros((1, SIZE, SIZE, 3), np.uint8)).shape == (1, 3)


def test_without_a_gpu_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "has_gpu", lambda: False)
    assert read_model(colour_model()).note == ""


def test_results_come_in_the_order_of_the_batches_however_long_each_takes() -> None:
    def work(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number

    with OrderedThreads(work, 3) as threads:
        results = [result for number in range(20) for result in threads.submit(number)]
        results += threads.drain()
    assert results == list(range(20))


def test_one_batch_more_than_threads_is_the_most_that_is_under_way() -> None:
    """However quickly pictures come, memory stays what it is."""
    begun: list[int] = []
    ended: list[int] = []

    def work(number: int) -> int:
        time.sleep(0.005)
        return number

    most = 0
    with OrderedThreads(work, 2) as threads:
        for number in range(20):
            begun.append(number)
            ended += threads.submit(number)
            most = max(most, len(begun) - len(ended))
        ended += threads.drain()
    assert most <= 3
    assert ended == begun


def test_an_error_in_a_thread_reaches_who_asks() -> None:
    def work(_: int) -> int:
        raise ValueError("the model cannot do this")

    with OrderedThreads(work, 2) as threads, pytest.raises(ValueError, match="cannot do this"):
        _ = [*threads.submit(1), *threads.drain()]
