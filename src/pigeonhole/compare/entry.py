"""One line of the comparison."""

from dataclasses import asdict, dataclass
from typing import Any

from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.model import open_session
from pigeonhole.model.session import device_of
from pigeonhole.model.tensors import PROBABILITIES
from pigeonhole.onnx_graph.throughput import rate
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
    session = open_session(finished.onnx)
    metrics = finished.metrics
    return Entry(
        recipe,
        backbone,
        metrics.right,
        metrics.total,
        metrics.log_loss,
        seconds,
        rate(session, PROBABILITIES, SECONDS),
        device_of(session),
        len(finished.onnx),
    )
