"""What the head that was learnt from the labels so far thinks of every picture, and in which order to ask."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.heads.refit import Refitted
from pigeonhole.labelling.questions.vector_table import VectorTable


class Belief(NamedTuple):
    """`category` is the likeliest, with its `score`; `margin` is how much likelier than the next one; `doubt`, where
    there is a label, how much likelier than that (all 0 to 1). A tuple, since 100,000 are made with every opinion.
    """

    category: str
    score: float
    margin: float
    doubt: float = 0.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """`of` every picture by its digest. `labels` were learnt from, with the out-of-fold `accuracy`. `typical` are the
    digests of pictures that stand for others, the most telling first.
    """

    of: Mapping[str, Belief] = field(default_factory=dict)
    labels: int = 0
    accuracy: Proportion | None = None
    waiting_for: str = "There are no labels yet."
    typical: Sequence[str] = ()


def opinion(refitted: Refitted, labels: Mapping[str, str], table: VectorTable, others: Sequence[str]) -> Opinion:
    """`labels` by digest are those that were learnt from, `others` the digests of pictures without."""
    known = list(labels)
    beliefs = dict(_beliefs(known, refitted.out_of_fold, refitted.categories, labels))
    for digests, features in table.blocks(others):
        beliefs.update(_beliefs(digests, refitted.probabilities(features), refitted.categories, {}))
    return Opinion(beliefs, len(labels), refitted.accuracy, "")


def _beliefs(
    digests: Sequence[str], scores: NDArray[np.float64], categories: Sequence[str], labels: Mapping[str, str]
) -> Iterable[tuple[str, Belief]]:
    best = scores.argmax(axis=1)
    second, top = np.partition(scores, -2, axis=1)[:, -2:].T
    index = {category: number for number, category in enumerate(categories)}
    columns = zip(digests, best.tolist(), top.tolist(), (top - second).tolist(), strict=True)
    for row, (sha256, place, score, margin) in enumerate(columns):
        label = labels.get(sha256)
        doubt = 0.0 if label is None else score - float(scores[row, index[label]])
        yield sha256, Belief(categories[place], score, margin, doubt)
