"""A folder whose pictures are known, compared with what a model says of them."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.calibration_error import expected_calibration_error
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.records import Guess
from pigeonhole.text import one_spelling


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One answer and the `truth`: a category of the model, another name (`is_ood`), or None where nobody said it.

    `relative` is what the picture `path` is called for a reader; `ranking` has every category with its probability,
    best first; `unknown` says whether the model would rather not answer; `sha256` is that of the file.
    """

    path: Path
    relative: Path
    truth: str | None
    is_ood: bool
    ranking: tuple[tuple[str, float], ...]
    unknown: bool
    sha256: str

    @property
    def category(self) -> str:
        return self.ranking[0][0]

    @property
    def score(self) -> float:
        return self.ranking[0][1]

    @property
    def right(self) -> bool | None:
        """Whether the best category is the true one, or an OOD image is called unknown; None where nobody knows."""
        if self.truth is None:
            return None
        return self.unknown if self.is_ood else self.category == self.truth


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
    """Counts answers as they come: a few bytes for each, whatever their number.

    `bounds` are those of the accuracy, where the pictures are not independent of each other. `other_folders`: how many
    pictures lie in each folder that is no category.
    """

    labels: tuple[str, ...]
    ood: int = 0
    ood_unknown: int = 0
    known_unknown: int = 0
    unlabelled: int = 0
    bounds: tuple[float, float] | None = None
    other_folders: Counter[str] = field(default_factory=Counter)
    _spelled: dict[str, str] = field(init=False, default_factory=dict)  # each label, however its letters are encoded
    _truths: "array[int]" = field(default_factory=lambda: array("i"))
    _answers: "array[int]" = field(default_factory=lambda: array("i"))
    _scores: "array[float]" = field(default_factory=lambda: array("f"))
    _of_truth: "array[float]" = field(default_factory=lambda: array("f"))

    def __post_init__(self) -> None:
        self._spelled = {one_spelling(label): label for label in self.labels}

    def add(self, guess: Guess, relative: Path) -> Evaluated:
        """Count one answer. The folder that the picture lies in says what is on it; no folder, nobody knows."""
        folder = relative.parts[0] if len(relative.parts) > 1 else None
        truth = None if folder is None else self._spelled.get(one_spelling(folder), folder)
        is_ood = truth is not None and truth not in self.labels
        evaluated = Evaluated(guess.path, relative, truth, is_ood, guess.ranking, guess.is_unknown, guess.sha256)
        self.count(evaluated)
        return evaluated

    def count(self, evaluated: Evaluated) -> None:
        """Count an answer that is known already."""
        if evaluated.truth is None:
            self.unlabelled += 1
        elif evaluated.is_ood:
            self.ood += 1
            self.ood_unknown += evaluated.unknown
            self.other_folders[evaluated.truth] += 1
        else:
            self.known_unknown += evaluated.unknown
            self._truths.append(self.labels.index(evaluated.truth))
            self._answers.append(self.labels.index(evaluated.category))
            self._scores.append(evaluated.score)
            self._of_truth.append(dict(evaluated.ranking)[evaluated.truth])

    @property
    def accuracy(self) -> Proportion | None:
        """By the best category, of the pictures whose category the model knows; None without any."""
        truths, answers = self.truths, self.answers
        return Proportion(int((truths == answers).sum()), len(truths), self.bounds) if len(truths) else None

    @property
    def truths(self) -> NDArray[np.int64]:
        """[N], as numbers of `labels`."""
        return np.array(self._truths, dtype=np.int64)

    @property
    def answers(self) -> NDArray[np.int64]:
        return np.array(self._answers, dtype=np.int64)

    @property
    def scores(self) -> NDArray[np.float32]:
        """[N], of the best category."""
        return np.array(self._scores, dtype=np.float32)

    @property
    def log_loss(self) -> float:
        """The mean negative logarithm of the true category's score, in nats."""
        return -float(np.mean(np.log(np.maximum(np.array(self._of_truth), 1e-12))))

    @property
    def calibration_error(self) -> float:
        return expected_calibration_error(np.array(self._scores), self.truths == self.answers)

    def categories(self) -> Iterator[OfCategory]:
        """One line for every category of the model."""
        truths, answers, count = self.truths, self.answers, len(self.labels)
        pictures, given = np.bincount(truths, minlength=count), np.bincount(answers, minlength=count)
        right = np.bincount(truths[truths == answers], minlength=count)
        for number, label in enumerate(self.labels):
            precision = _share(right[number], given[number])
            recall = _share(right[number], pictures[number])
            f1 = _share(2 * right[number], given[number] + pictures[number])
            yield OfCategory(label, int(pictures[number]), precision, recall, f1)


def _share(some: np.int64, total: np.int64) -> float:
    return float(some / total) if total else 0.0
