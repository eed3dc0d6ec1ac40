"""What learning has shown beside its answers: epochs, how more pictures help, labels that may be wrong."""

from dataclasses import dataclass
from pathlib import Path

from pigeonhole.evaluation.proportion import Proportion


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is known after an epoch of learning: losses in nats, `right` the share of held-out pictures."""

    number: int
    training_loss: float
    loss: float
    right: float


@dataclass(frozen=True, slots=True)
class Growth:
    """How many held-out pictures are right after learning from so many `pictures`."""

    pictures: int
    right: Proportion


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A picture that may lie in the wrong category, and the one it looks like; `doubt` 0 to 1."""

    path: Path
    relative: Path
    truth: str
    other: str
    doubt: float
