"""How good a model is, said with where the figure comes from and how sure it is."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pigeonhole.evaluation.nearest_neighbour import nearest_categories
from pigeonhole.evaluation.proportion import Proportion, cross_validated
from pigeonhole.evaluation.temperature import Calibration
from pigeonhole.output import Stage, nothing
from pigeonhole.recipes.result import TrainedRecipe

MOST_CONFUSED = 3
SMALLEST = 1e-12  # score whose logarithm is taken


@dataclass(frozen=True, slots=True)
class HeldOutMetrics:
    """`right` of `total` held-out pictures, chosen by `split`.

    `low` and `high` bound the accuracy of the finished model with 95 % confidence, see `cross_validated`; `log_loss` in
    nats; `confused` lists (true category, answer, how often), most frequent first. Two simple
    methods on the same pictures, for comparison: `majority` is how many are right if the answer is always the most
    frequent category, `neighbours` if it is that of the most similar training picture. `calibration_error` (0 to 1)
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
            f"Baselines: always the most frequent category {100 * self.majority / self.total:.1f} %, "
            f"the category of the most similar picture (nearest neighbour) {100 * self.neighbours / self.total:.1f} %."
        )

    @property
    def proportion(self) -> Proportion:
        """The accuracy with the bounds of the finished model's."""
        return Proportion(self.right, self.total, (self.low, self.high))

    @property
    def calibration_sentence(self) -> str:
        off = f"{100 * self.calibration_error:.1f} percentage points off on average"
        return f"Calibration error: scores are {off}, on held-out pictures."

    def as_metadata(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy, **asdict(self)}


def held_out_metrics(trained: TrainedRecipe, calibration: Calibration, advance: Stage = nothing) -> HeldOutMetrics:
    """The metrics of the out-of-fold predictions of `trained`. `advance` is called for every fold."""
    held_out, targets, categories = trained.held_out, trained.targets, trained.dataset.categories
    answers = held_out.logits.argmax(axis=1)
    accuracy = cross_validated(answers == targets, held_out.rows, trained.split)
    low, high = accuracy.interval
    wrong = Counter(
        (categories[target], categories[answer])
        for target, answer in zip(targets, answers, strict=True)
        if target != answer
    )
    own_scores = calibration.scores[np.arange(len(targets)), targets]
    nearest = nearest_categories(trained.dataset, trained.embeddings, trained.split, held_out, advance)
    return HeldOutMetrics(
        right=accuracy.right,
        total=accuracy.total,
        low=low,
        high=high,
        log_loss=-float(np.mean(np.log(np.maximum(own_scores, SMALLEST)))),
        split=trained.split.description,
        confused=tuple((true, answer, count) for (true, answer), count in wrong.most_common(MOST_CONFUSED)),
        majority=int(np.bincount(targets).max()),
        neighbours=int((nearest == targets).sum()),
        calibration_error=calibration.error,
    )
