"""When an answer is withheld: thresholds chosen on held-out pictures and, if there are any, those of data/unknown."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 0.97  # of the held-out pictures have to be near enough
LEAST_KEPT = 0.9  # even where the pictures of data/unknown are much like them
SLACK = 1.1  # on the largest distance, where there are too few pictures to cut off any
# The precision above a score is that of the answers there and of PRIOR more, of which the calibrated score is true,
# less CAUTION standard errors. Over nine sets this kept the precision promised and withheld least (decision 0132).
PRIOR = 20
CAUTION = 0.5
ENOUGH = 20  # answers, of which a precision can be said at all


@dataclass(frozen=True, slots=True)
class RejectionThresholds:
    """The two thresholds, and what they do to held-out pictures that they had not been chosen by.

    `min_score` 0 to 1, `max_distance` 0 and more or None; `precision` is the one wanted, `promised` whether it can be
    promised; `reached` is the share of right answers among those given, `answered` the share of held-out pictures that
    get one; `ood` how many pictures of data/unknown were used, and `rejected` the share of them that gets none
    (None without any).
    """

    min_score: float
    max_distance: float | None
    precision: float
    promised: bool
    reached: float
    answered: float
    ood: int
    rejected: float | None

    @property
    def sentence(self) -> str:
        given = (
            f"{100 * self.answered:.1f} % of the held-out pictures get an answer,"
            f" and {100 * self.reached:.1f} % of these answers are right"
        )
        if not self.promised:
            given += f"; these pictures are too few, or too hard, to promise {100 * self.precision:.0f} %"
        unknown = ""
        if self.rejected is not None:
            unknown = f", as are {100 * self.rejected:.1f} % of the {self.ood} pictures in data/unknown"
        return f"{given}. The rest are called unknown{unknown}."

    def as_metadata(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers to pictures that were not trained on: `scores` [N], whether each was `right` [N], `distances` [N], and
    the `folds` [N] that they were held out in.

    Of pictures of data/unknown none is right. `distances` is None where the recipe knows none.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    distances: NDArray[np.float64] | None
    folds: NDArray[np.int64]

    def part(self, chosen: NDArray[np.bool_]) -> "Answered":
        distances = None if self.distances is None else self.distances[chosen]
        return Answered(self.scores[chosen], self.right[chosen], distances, self.folds[chosen])

    def accepted(self, min_score: float, max_distance: float | None) -> NDArray[np.bool_]:
        """Which get an answer, [N]."""
        accepted: NDArray[np.bool_] = self.scores >= min_score
        if max_distance is not None and self.distances is not None:
            accepted &= self.distances <= max_distance
        return accepted


def choose_thresholds(held_out: Answered, unknown: Answered | None, precision: float) -> RejectionThresholds:
    """The thresholds from all pictures; what they reach, from thresholds that each fold's pictures had no part in."""
    chosen = _chosen(held_out, unknown, precision)
    numbers = np.unique(held_out.folds)
    accepted = np.zeros(len(held_out.scores), dtype=bool)
    for fold in numbers:
        inside = held_out.folds == fold
        others = _chosen(held_out.part(~inside), unknown, precision) if len(numbers) > 1 else chosen
        # Few pictures less may be too few to promise anything: then they say nothing of the thresholds in use.
        used = others if others.promised == chosen.promised else chosen
        accepted[inside] = held_out.part(inside).accepted(used.min_score, used.max_distance)
    return replace(
        chosen,
        reached=float(held_out.right[accepted].mean()) if accepted.any() else 0.0,
        answered=float(accepted.mean()),
    )


def _chosen(held_out: Answered, unknown: Answered | None, precision: float) -> RejectionThresholds:
    """First how far is too far, then how sure is sure enough among those that are near."""
    max_distance = _max_distance(held_out.distances, unknown.distances if unknown else None)
    near = held_out.part(held_out.accepted(0, max_distance))
    scores, right = near.scores, near.right
    if unknown is not None:
        others = unknown.accepted(0, max_distance)
        scores, right = np.concatenate([scores, unknown.scores[others]]), np.append(right, unknown.right[others])
    min_score = _min_score(scores, right, precision)
    used = min_score or 0.0
    rejected = None if unknown is None else float(np.mean(~unknown.accepted(used, max_distance)))
    known = 0 if unknown is None else len(unknown.scores)
    return RejectionThresholds(used, max_distance, precision, min_score is not None, 0.0, 0.0, known, rejected)


def _max_distance(known: NDArray[np.float64] | None, unknown: NDArray[np.float64] | None) -> float | None:
    """The distance that keeps KEPT of the `known`; with `unknown` ones, that which tells the two apart best."""
    if known is None:
        return None
    ordered = np.sort(known)
    if unknown is not None:
        candidates = ordered[math.ceil(LEAST_KEPT * len(ordered)) - 1 :]
        kept = np.searchsorted(ordered, candidates, side="right") / len(ordered)
        passed = np.searchsorted(np.sort(unknown), candidates, side="right") / len(unknown)
        return float(candidates[int(np.argmax(kept - passed))])
    rank = math.ceil(KEPT * (len(ordered) + 1))  # so that a new picture of the same kind is kept with this chance
    return float(ordered[rank - 1]) if rank <= len(ordered) else float(ordered[-1] * SLACK)


def _min_score(scores: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> float | None:
    """The lowest score from which on the answers are right often enough; None where there is none, or where too few
    answers are left to say so.
    """
    order = np.argsort(-scores, kind="stable")
    count = np.arange(1, len(order) + 1)
    expected = (np.cumsum(right[order]) + PRIOR * np.cumsum(scores[order]) / count) / (count + PRIOR)
    surely = expected - CAUTION * np.sqrt(expected * (1 - expected) / (count + PRIOR))
    # Equal scores stand or fall together: only the last of them is a place for the threshold.
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    enough = np.flatnonzero(last & (surely >= precision) & (count >= ENOUGH))
    if not len(enough):
        return None
    return 0.0 if enough[-1] == len(order) - 1 else float(scores[order][enough[-1]])
