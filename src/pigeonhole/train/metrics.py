"""How good a model is, said with where the figure comes from and how sure it is."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from pigeonhole.train.head import log_loss

CONFIDENCE = 0.95
MOST_CONFUSED = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`right` of `total` pictures that the judged head had not learnt from, chosen by `split`.

    `low` and `high` bound the true accuracy with 95 % confidence (Wilson's interval); `log_loss` in nats, after the
    temperature; `confused` lists (true category, answer, how often), most frequent first.
    """

    right: int
    total: int
    low: float
    high: float
    log_loss: float
    split: str
    confused: tuple[tuple[str, str, int], ...]

    @property
    def accuracy(self) -> float:
        return self.right / self.total

    @property
    def sentence(self) -> str:
        interval = f"95 % interval {100 * self.low:.1f} to {100 * self.high:.1f} %"
        return f"{self.right} of {self.total} pictures right ({100 * self.accuracy:.1f} %, {interval}), {self.split}."

    def as_metadata(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, **asdict(self)}


def judge(
    logits: NDArray[np.floating],
    targets: NDArray[np.int64],
    categories: tuple[str, ...],
    temperature: float,
    split: str,
) -> Verdict:
    """The verdict on held-out `logits` [N, C] for `targets` [N]."""
    answers = logits.argmax(axis=1)
    right = int((answers == targets).sum())
    interval = binomtest(right, len(targets)).proportion_ci(CONFIDENCE, method="wilson")
    wrong = Counter(
        (categories[target], categories[answer])
        for target, answer in zip(targets, answers, strict=True)
        if target != answer
    )
    return Verdict(
        right=right,
        total=len(targets),
        low=float(interval.low),
        high=float(interval.high),
        log_loss=log_loss(logits, targets, temperature),
        split=split,
        confused=tuple((true, answer, count) for (true, answer), count in wrong.most_common(MOST_CONFUSED)),
    )
