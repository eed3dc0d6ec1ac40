"""How good a model is, said with where the figure comes from and how sure it is."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pigeonhole.evaluation.head import log_loss
from pigeonhole.evaluation.knn_distance import Neighbourhood
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.evaluation.temperature import Calibration
from pigeonhole.recipes.result import Learnt

MOST_CONFUSED = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`right` of `total` pictures that the judged head had not learnt from, chosen by `split`.

    `low` and `high` bound the true accuracy with 95 % confidence (Wilson's interval); `log_loss` in nats, after the
    temperature; `confused` lists (true category, answer, how often), most frequent first. Two simple methods on the
    same pictures, for comparison: `majority` is how many are right if the answer is always the most frequent category,
    `neighbours` if it is that of the most similar picture learnt from. `calibration_error` (0 to 1) is how far scores
    are from the share of right answers, `calibration_error_before` what it was without a temperature.
    """

    right: int
    total: int
    low: float
    high: float
    log_loss: float
    split: str
    confused: tuple[tuple[str, str, int], ...]
    majority: int
    neighbours: int
    calibration_error: float
    calibration_error_before: float

    @property
    def accuracy(self) -> float:
        return self.right / self.total

    @property
    def sentence(self) -> str:
        return f"{Proportion(self.right, self.total)}, {self.split}."

    @property
    def comparison(self) -> str:
        return (
            f"For comparison: {100 * self.majority / self.total:.1f} % by always naming the most frequent category, "
            f"{100 * self.neighbours / self.total:.1f} % by the most similar picture."
        )

    @property
    def honesty(self) -> str:
        return (
            f"Scores are off by {100 * self.calibration_error:.1f} % on average"
            f" ({100 * self.calibration_error_before:.1f} % before they were calibrated)."
        )

    def as_metadata(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, **asdict(self)}


def judge(learnt: Learnt, calibration: Calibration, neighbourhood: Neighbourhood) -> Verdict:
    """The verdict on what `learnt` said of the pictures that were held out."""
    logits, targets, categories = learnt.held_out.logits, learnt.targets, learnt.dataset.categories
    answers = logits.argmax(axis=1)
    right = int((answers == targets).sum())
    low, high = Proportion(right, len(targets)).interval
    wrong = Counter(
        (categories[target], categories[answer])
        for target, answer in zip(targets, answers, strict=True)
        if target != answer
    )
    return Verdict(
        right=right,
        total=len(targets),
        low=low,
        high=high,
        log_loss=log_loss(logits, targets, calibration.temperature),
        split=learnt.split.description,
        confused=tuple((true, answer, count) for (true, answer), count in wrong.most_common(MOST_CONFUSED)),
        majority=_majority(learnt),
        neighbours=int((neighbourhood.nearest == targets).sum()),
        calibration_error=calibration.error_after,
        calibration_error_before=calibration.error_before,
    )


def _majority(learnt: Learnt) -> int:
    """How many are right if each fold always names the most frequent category of what it learnt from."""
    targets = np.array(learnt.dataset.targets)
    return sum(
        int((targets[fold.held_out] == np.bincount(targets[fold.train]).argmax()).sum()) for fold in learnt.split.folds
    )
