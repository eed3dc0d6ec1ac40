"""Everything that stands in a report, whoever asks for one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pigeonhole.report.collected import Collected
from pigeonhole.report.proportion import Proportion


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


@dataclass(frozen=True, slots=True)
class Content:
    """`title` says of what; `source` where the figures come from; `facts` what was done with what, as name and value.

    `baselines` are simple methods on the same pictures, as name and result.
    """

    title: str
    source: str
    collected: Collected
    facts: Sequence[tuple[str, str]]
    baselines: Sequence[tuple[str, Proportion]] = ()
    suspicions: Sequence[Suspicion] = ()
    epochs: Sequence[Epoch] = ()
    growth: Sequence[Growth] = field(default_factory=tuple)
