"""Where the line to `unknown` is drawn, from pictures that were held out and, if there are any, from strangers."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 0.97  # of the held-out pictures have to be near enough
LEAST_KEPT = 0.9  # even where the strangers are much like them
SLACK = 1.1  # on the largest distance, where there are too few pictures to cut off any


@dataclass(frozen=True, slots=True)
class Line:
    """The two gates, and what they did to the pictures that they were set by.

    `min_score` 0 to 1, `max_distance` 0 to 2 or None; `precision` is the one wanted, `reached` the share of right
    answers among those given, `answered` the share of held-out pictures that get one; `strangers` how many pictures of
    data/unknown were used, and `rejected` the share of them that gets none (None without any).
    """

    min_score: float
    max_distance: float | None
    precision: float
    reached: float
    answered: float
    strangers: int
    rejected: float | None

    @property
    def sentence(self) -> str:
        said = f"{100 * self.answered:.1f} % of the pictures held out get an answer, {100 * self.reached:.1f} % of"
        wanted = f" ({100 * self.precision:.0f} % cannot be reached)" if self.reached < self.precision else ""
        strangers = (
            "" if self.rejected is None else f", as are {100 * self.rejected:.1f} % of {self.strangers} strangers"
        )
        return f"{said} the answers are right{wanted}; the rest is unknown{strangers}."

    def as_metadata(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers to pictures that were not learnt from: `scores` [N], whether each was `right` [N], `distances` [N].

    Of strangers none is right. `distances` is None where the recipe knows none.
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    distances: NDArray[np.float64] | None


def draw_line(held_out: Judged, strangers: Judged | None, precision: float) -> Line:
    """First how far is too far, then how sure is sure enough among those that are near."""
    max_distance = _max_distance(held_out.distances, strangers.distances if strangers else None)
    near, near_strangers = _near(held_out, max_distance), _near(strangers, max_distance) if strangers else None
    scores, right = held_out.scores[near], held_out.right[near]
    if strangers is not None and near_strangers is not None:
        scores = np.concatenate([scores, strangers.scores[near_strangers]])
        right = np.concatenate([right, strangers.right[near_strangers]])
    min_score, reached = _min_score(scores, right, precision)
    return Line(
        min_score=min_score,
        max_distance=max_distance,
        precision=precision,
        reached=reached,
        answered=float(np.mean(near & (held_out.scores >= min_score))),
        strangers=0 if strangers is None else len(strangers.scores),
        rejected=None
        if strangers is None or near_strangers is None
        else float(np.mean(~(near_strangers & (strangers.scores >= min_score)))),
    )


def _near(judged: Judged, max_distance: float | None) -> NDArray[np.bool_]:
    if max_distance is None or judged.distances is None:
        return np.ones(len(judged.scores), dtype=bool)
    near: NDArray[np.bool_] = judged.distances <= max_distance
    return near


def _max_distance(known: NDArray[np.float64] | None, strangers: NDArray[np.float64] | None) -> float | None:
    """The distance that keeps KEPT of the `known`; with strangers, the one that tells the two apart best."""
    if known is None:
        return None
    ordered = np.sort(known)
    if strangers is not None:
        candidates = ordered[math.ceil(LEAST_KEPT * len(ordered)) - 1 :]
        gains = [float(np.mean(known <= each) - np.mean(strangers <= each)) for each in candidates]
        return float(candidates[int(np.argmax(gains))])
    rank = math.ceil(KEPT * (len(ordered) + 1))  # so that a new picture of the same kind is kept with this chance
    return float(ordered[rank - 1]) if rank <= len(ordered) else float(ordered[-1] * SLACK)


def _min_score(scores: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> tuple[float, float]:
    """The lowest score from which on at least `precision` of the answers are right, and how many are.

    Where no score is enough, the one with the largest share of right answers.
    """
    order = np.argsort(-scores, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Equal scores stand or fall together: only the last of them is a place to draw the line.
    last = np.append(scores[order][1:] != scores[order][:-1], True)
    enough = np.flatnonzero(last & (shares >= precision))
    if len(enough) and enough[-1] == len(order) - 1:
        return 0.0, float(shares[-1])  # every answer may be given
    chosen = enough[-1] if len(enough) else np.flatnonzero(last)[np.argmax(shares[last])]
    return float(scores[order][chosen]), float(shares[chosen])
