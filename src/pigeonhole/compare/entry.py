"""One line of the comparison."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pigeonhole.model import open_session
from pigeonhole.model.lanes import Lanes
from pigeonhole.model.load import INPUT, PROBABILITIES
from pigeonhole.model.session import device_of, pace_of
from pigeonhole.report.proportion import Proportion
from pigeonhole.train.finish import Finished

SECONDS = 1.0  # of measuring a network's speed


@dataclass(frozen=True, slots=True)
class Entry:
    """`right` of `total` held-out pictures; `log_loss` in nats; `seconds` of training from pictures alone, with nothing
    in the cache; `rate` in pictures a second, of the network alone on `device`; `size` of the model file in bytes.
    """

    recipe: str
    backbone: str
    right: int
    total: int
    log_loss: float
    seconds: float
    rate: float
    device: str
    size: int

    @property
    def accuracy(self) -> Proportion:
        return Proportion(self.right, self.total)

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        low, high = self.accuracy.interval
        return {**asdict(self), "accuracy": self.accuracy.share, "low": low, "high": high}


def entry(recipe: str, backbone: str, finished: Finished, seconds: float) -> Entry:
    """What is known of a training that took so many seconds."""
    rate, device = _speed(finished.onnx)
    verdict = finished.verdict
    return Entry(
        recipe,
        backbone,
        verdict.right,
        verdict.total,
        verdict.log_loss,
        seconds,
        rate,
        device,
        len(finished.onnx),
    )


def _speed(onnx: bytes) -> tuple[float, str]:
    """Pictures a second, and on which device: in as many lanes as when a folder is sorted."""
    session = open_session(onnx)
    pace = pace_of(session)
    shape = [pace.batch, *session.get_inputs()[0].shape[1:]]
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)

    def run(_: int) -> None:
        session.run([PROBABILITIES], {INPUT: pixels})

    run(0)  # the first is slower
    began = time.perf_counter()
    with Lanes(run, pace.lanes) as lanes:
        count = 0
        while time.perf_counter() - began < SECONDS:
            lanes.put(count)
            count += 1
        lanes.rest()
    return count * pace.batch / (time.perf_counter() - began), device_of(session)
