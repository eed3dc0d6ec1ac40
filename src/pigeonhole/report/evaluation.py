"""A folder whose pictures are known, compared with what a model says of them."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.records import Guess
from pigeonhole.report.calibration import expected_calibration_error
from pigeonhole.report.proportion import Proportion


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One answer and the `truth`: a category of the model, another name (a stranger), or None where nobody said it."""

    guess: Guess
    relative: Path
    truth: str | None
    stranger: bool

    @property
    def right(self) -> bool | None:
        """Whether the best category is the true one, or a stranger is called unknown; None where nobody knows."""
        if self.truth is None:
            return None
        return bool(self.guess.doubt) if self.stranger else self.guess.category == self.truth


@dataclass(frozen=True, slots=True)
class OfCategory:
    """`precision`: of the pictures that got this answer, the share that it is true of. `recall`: of the pictures that
    it is true of, the share that got it. `f1`: their harmonic mean. 0 where there is none.
    """

    category: str
    pictures: int
    precision: float
    recall: float
    f1: float


@dataclass(slots=True)
class Evaluation:
    """Counts answers as they come: a few bytes for each, whatever their number."""

    labels: tuple[str, ...]
    strangers: int = 0
    strangers_unknown: int = 0
    known_unknown: int = 0
    unlabelled: int = 0
    _truths: "array[int]" = field(default_factory=lambda: array("i"))
    _answers: "array[int]" = field(default_factory=lambda: array("i"))
    _scores: "array[float]" = field(default_factory=lambda: array("f"))
    _of_truth: "array[float]" = field(default_factory=lambda: array("f"))

    def judge(self, guess: Guess, relative: Path) -> Evaluated:
        """Count one answer. The folder that the picture lies in says what is on it; no folder, nobody knows."""
        truth = relative.parts[0] if len(relative.parts) > 1 else None
        if truth is None:
            self.unlabelled += 1
            return Evaluated(guess, relative, None, stranger=False)
        if truth not in self.labels:
            self.strangers += 1
            self.strangers_unknown += bool(guess.doubt)
            return Evaluated(guess, relative, truth, stranger=True)
        self.known_unknown += bool(guess.doubt)
        self._truths.append(self.labels.index(truth))
        self._answers.append(self.labels.index(guess.category))
        self._scores.append(guess.score)
        self._of_truth.append(dict(guess.ranking)[truth])
        return Evaluated(guess, relative, truth, stranger=False)

    @property
    def judged(self) -> int:
        """How many answers were counted."""
        return self.unlabelled + self.strangers + len(self._truths)

    @property
    def accuracy(self) -> Proportion | None:
        """By the best category, of the pictures whose category the model knows; None without any."""
        truths, answers = self.truths, self.answers
        return Proportion(int((truths == answers).sum()), len(truths)) if len(truths) else None

    @property
    def truths(self) -> NDArray[np.int64]:
        """[N], as numbers of `labels`."""
        return np.array(self._truths, dtype=np.int64)

    @property
    def answers(self) -> NDArray[np.int64]:
        return np.array(self._answers, dtype=np.int64)

    @property
    def log_loss(self) -> float:
        """The mean negative logarithm of the true category's score, in nats."""
        return -float(np.mean(np.log(np.maximum(np.array(self._of_truth), 1e-12))))

    @property
    def calibration_error(self) -> float:
        return expected_calibration_error(np.array(self._scores), self.truths == self.answers)

    def categories(self) -> Iterator[OfCategory]:
        """One line for every category of the model."""
        from sklearn.metrics import precision_recall_fscore_support

        numbers = np.arange(len(self.labels))
        columns = precision_recall_fscore_support(self.truths, self.answers, labels=numbers, zero_division=0.0)
        for label, precision, recall, f1, pictures in zip(self.labels, *columns, strict=True):
            yield OfCategory(label, int(pictures), float(precision), float(recall), float(f1))
