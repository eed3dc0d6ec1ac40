"""How fast networks are, in as many threads as when a folder is sorted."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.model import open_session
from pigeonhole.model.batch_threads import OrderedThreads
from pigeonhole.model.session import batch_plan_of, device_of
from pigeonhole.model.tensors import FEATURES, INPUT

if TYPE_CHECKING:
    import onnxruntime

ROUNDS = 12
RUNS = 4  # in a round
SECONDS = 4.0  # at most, of large networks


@dataclass(frozen=True, slots=True)
class Rates:
    """Pictures a second of the network alone, `before` and `after` it was changed, on `device` (CPU or GPU)."""

    before: float
    after: float
    device: str

    @property
    def times(self) -> float:
        """How many times as fast it became."""
        return self.after / self.before

    @property
    def sentence(self) -> str:
        return (
            f"{self.after:.0f} pictures a second instead of {self.before:.0f}"
            f" ({self.times:.2f} times as many) on this {self.device}"
        )


def rates(before: bytes, after: bytes, pixels: NDArray[np.uint8]) -> Rates:
    """Of two ONNX files `pixels` [N, S, S, 3] → `features`, in as many threads as when a folder is sorted.

    They take turns, and the best of several rounds counts: what else the machine does slows rounds down, and none up.
    """
    sessions = [open_session(before), open_session(after)]
    plan = batch_plan_of(sessions[0])
    batch = np.resize(pixels, (plan.batch, *pixels.shape[1:]))
    best = [np.inf, np.inf]
    began = time.perf_counter()
    for number in range(ROUNDS + 1):
        for which, session in enumerate(sessions):
            seconds = _round(session, batch, plan.threads)
            if number:  # the first one still makes room
                best[which] = min(best[which], seconds)
        if number and time.perf_counter() - began > SECONDS:
            break
    pictures = RUNS * plan.threads * plan.batch
    return Rates(pictures / best[0], pictures / best[1], device_of(sessions[0]))


def rate(session: "onnxruntime.InferenceSession", output: str, seconds: float) -> float:
    """Pictures a second for which `session` gives `output`, measured for `seconds`."""
    plan = batch_plan_of(session)
    shape = [plan.batch, *session.get_inputs()[0].shape[1:]]
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)

    def run(_: int) -> None:
        session.run([output], {INPUT: pixels})

    run(0)  # the first is slower
    count, began = 0, time.perf_counter()
    with OrderedThreads(run, plan.threads) as threads:
        while time.perf_counter() - began < seconds:
            threads.submit(count)
            count += 1
        threads.drain()
    return count * plan.batch / (time.perf_counter() - began)


def _round(session: "onnxruntime.InferenceSession", batch: NDArray[np.uint8], threads: int) -> float:
    """The seconds that RUNS batches take in every lane."""

    def run(_: int) -> None:
        session.run([FEATURES], {INPUT: batch})

    began = time.perf_counter()
    with OrderedThreads(run, threads) as together:
        for number in range(RUNS * threads):
            together.submit(number)
        together.drain()
    return time.perf_counter() - began
