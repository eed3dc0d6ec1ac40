"""What a report shows of single pictures: all of them in a file, and of each kind the few that tell most."""

import heapq
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.running import Evaluated, Evaluation
from pigeonhole.report.prediction_rows import record_of

PICTURES = "pictures.jsonl"
SHOWN = 8  # of the most and of the least certain
MISTAKES = 24
ROWS = 2000  # of the table of pictures; a browser stays quick
SAMPLE = 50_000  # pictures whose scores curves are drawn from


@dataclass(slots=True)
class Collector:
    """Counts and keeps what comes, in bounded memory however many pictures there are.

    `evaluation` counts; `pictures` gets a JSON object per line, complete. `seen` pictures came, `scored` of them have a
    category that the model knows.
    """

    evaluation: Evaluation
    pictures: TextIO
    seen: int = 0
    scored: int = 0
    _mistakes: list[Evaluated] = field(default_factory=list)
    _others: list[Evaluated] = field(default_factory=list)
    _surest: list[tuple[float, int, Evaluated]] = field(default_factory=list)
    _least_sure: list[tuple[float, int, Evaluated]] = field(default_factory=list)
    _worst: list[tuple[float, int, Evaluated]] = field(default_factory=list)
    _sample: list[tuple[int, NDArray[np.float32]]] = field(default_factory=list)
    _chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, evaluated: Evaluated) -> None:
        """Take one more that `evaluation` has counted."""
        self.seen += 1
        self.pictures.write(json.dumps(record_of(evaluated)) + "\n")
        some = self._mistakes if evaluated.right is False else self._others
        if len(some) < ROWS // 2:
            some.append(evaluated)
        if evaluated.truth is None or evaluated.is_ood:
            return
        self.scored += 1
        _keep(self._surest, evaluated.score, self.seen, evaluated, SHOWN)
        _keep(self._least_sure, -evaluated.score, self.seen, evaluated, SHOWN)
        if not evaluated.right:
            _keep(self._worst, evaluated.score, self.seen, evaluated, MISTAKES)
        self._sample_one(evaluated)

    @property
    def rows(self) -> list[Evaluated]:
        """Up to ROWS of the pictures for a table, by name: the first mistakes and as many of the others."""
        return sorted((*self._mistakes, *self._others), key=lambda each: str(each.relative))

    @property
    def surest(self) -> list[Evaluated]:
        return _in_order(self._surest)

    @property
    def least_sure(self) -> list[Evaluated]:
        return _in_order(self._least_sure)

    @property
    def worst(self) -> list[Evaluated]:
        """The most confident mistakes."""
        return _in_order(self._worst)

    @property
    def sample(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The true categories [N] and all scores [N, C] of up to SAMPLE scored pictures, a uniform sample."""
        truths = np.array([truth for truth, _ in self._sample], dtype=np.int64)
        return truths, np.array([scores for _, scores in self._sample], dtype=np.float64).reshape(len(truths), -1)

    def _sample_one(self, evaluated: Evaluated) -> None:
        """Vitter 1985, "Random Sampling with a Reservoir", algorithm R."""
        labels = self.evaluation.labels
        of = dict(evaluated.ranking)
        one = labels.index(evaluated.truth or ""), np.array([of[label] for label in labels], dtype=np.float32)
        if len(self._sample) < SAMPLE:
            self._sample.append(one)
        elif (place := int(self._chance.integers(0, self.scored))) < SAMPLE:
            self._sample[place] = one


def _keep(heap: list[tuple[float, int, Evaluated]], key: float, number: int, evaluated: Evaluated, most: int) -> None:
    """The `most` with the largest keys; of equals the earlier."""
    heapq.heappush(heap, (key, -number, evaluated))
    if len(heap) > most:
        heapq.heappop(heap)


def _in_order(heap: list[tuple[float, int, Evaluated]]) -> list[Evaluated]:
    return [evaluated for _, _, evaluated in sorted(heap, key=lambda each: (-each[0], -each[1]))]


@contextmanager
def collecting(folder: Path | None, labels: tuple[str, ...]) -> Iterator[Collector]:
    """What is collected inside, and its lines in `folder`/pictures.jsonl; None: nowhere. Raises OSError.

    Where it does not come to its end, nothing new is left in `folder`.
    """
    if folder is None:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            yield Collector(Evaluation(labels), nowhere)
        return
    new = [each for each in (folder, folder.parent) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{PICTURES}.part"
    try:
        with part.open("w", encoding="utf-8", errors="surrogateescape") as lines:
            yield Collector(Evaluation(labels), lines)
        part.replace(folder / PICTURES)
    except BaseException:
        part.unlink(missing_ok=True)
        with suppress(OSError):  # someone else has put something there
            for each in new:
                each.rmdir()
        raise
