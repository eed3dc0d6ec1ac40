"""How good a model is, said with where the figure comes from and how sure it is."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pigeonhole.evaluation.nearest_neighbour import nearest_categories
from pigeonhole.evaluation.proportion import Proportion, cross_validated
from pigeonhole.evaluation.temperature import Calibration
from pigeonhole.recipes.result import Learnt

MOST_CONFUSED = 3
SMALLEST = 1e-12  # score whose logarithm is taken


@dataclass(frozen=True, slots=True)
class Verdict:
    """`right` of `total` pictures that the judged head had not learnt from, chosen by `split`.

    `low` and `high` bound the accuracy of the finished model with 95 % confidence, see `cross_validated`; `log_loss` in
    nats; `confused` lists (true category, answer, how often), most frequent first. Two simple
    methods on the same pictures, for comparison: `majority` is how many are right if the answer is always the most
    frequent category, `neighbours` if it is that of the most similar picture learnt from. `calibration_error` (0 to 1)
    is how far scores are from the share of right answers, with temperatures that had not seen them.
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

    @property
    def accuracy(self) -> float:
        return self.right / self.total

    @property
    def sentence(self) -> str:
        return f"Accuracy: {self.proportion}, {self.split}."

    @property
    def comparison(self) -> str:
        return (
            f"Baselines: most frequent category {100 * self.majority / self.total:.1f} %, "
            f"nearest neighbour {100 * self.neighbours / self.total:.1f} %."
        )

    @property
    def proportion(self) -> Proportion:
        """The accuracy with the bounds of the finished model's."""
        return Proportion(self.right, self.total, (self.low, self.high))

    @property
    def honesty(self) -> str:
        return f"Calibration error: {100 * self.calibration_error:.1f} percentage points, on held-out pictures."

    def as_metadata(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, **asdict(self)}


def judge(learnt: Learnt, calibration: Calibration) -> Verdict:
    """The verdict on what `learnt` said of the pictures that were held out."""
    held_out, targets, categories = learnt.held_out, learnt.targets, learnt.dataset.categories
    answers = held_out.logits.argmax(axis=1)
    accuracy = cross_validated(answers == targets, held_out.rows, learnt.split)
    low, high = accuracy.interval
    wrong = Counter(
        (categories[target], categories[answer])
        for target, answer in zip(targets, answers, strict=True)
        if target != answer
    )
    own_scores = calibration.scores[np.arange(len(targets)), targets]
    nearest = nearest_categories(learnt.dataset, learnt.looks, learnt.split, held_out)
    return Verdict(
        right=accuracy.right,
        total=accuracy.total,
        low=low,
        high=high,
        log_loss=-float(np.mean(np.log(np.maximum(own_scores, SMALLEST)))),
        split=learnt.split.description,
        confused=tuple((true, answer, count) for (true, answer), count in wrong.most_common(MOST_CONFUSED)),
        majority=int(np.bincount(targets).max()),
        neighbours=int((nearest == targets).sum()),
        calibration_error=calibration.error,
    )
