"""Softmax regressions with an L2 penalty, several at once on the same points: every head of a probe comes from here.

L-BFGS (Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization") in float32. Along
principal axes the curvature is nearly diagonal, so each coordinate is scaled by what is known of it beforehand.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.heads.principal_axes import MANY, PrincipalAxes
from pigeonhole.vectors import by_rows, one_thread_each

TOLERANCE = 1e-5  # of the objective: what may be left to gain, by the estimate of the next step
CURVATURE = 0.05  # of the loss: about the mean of p · (1 - p) near a good fit
ROUGH = 1e-4  # tolerance with more than MANY rows: the luck of the draw moves the loss by ten times as much
SHARED = 0.5  # by C categories: the most that the curvature is then taken for, times C
SPARSE = 0.7  # of the rows: where fewer count, the others are not looked at
REMEMBERED = 10  # steps, from which the rest of the curvature is estimated
MOST_STEPS = 500
SUFFICIENT = 1e-4  # of the decrease that the slope promises (Armijo's rule)
SHORTER = 0.4  # what a step that went too far is multiplied by
MOST_TRIALS = 20
ROUNDING = 1e-6  # of the objective, whose terms are float32
CELLS = 2**20  # logits calculated at a time
MOST_PARTS = 32  # each of which holds a gradient

Weights = NDArray[np.float32]
"""[P, C, R + 1]: of each of P problems, for each category and coordinate; the last coordinate is the bias."""


def fit_softmax(
    space: PrincipalAxes, targets: NDArray[np.int64], counts: NDArray[np.float32], c: float, start: Weights
) -> Weights:
    """The weights that minimise, for each problem p on its own, Σₙ counts[p, n] · lossₙ + ‖weights without bias‖² / 2c.

    The loss is the negative log-likelihood of `targets` [N] (0 … C-1). `counts` [P, N] says how much each row counts:
    0 is not at all. `start` [P, C, R + 1] is where to begin; the result for another `c` saves most of the way.
    """
    tolerance, curvature = TOLERANCE, CURVATURE
    if len(space.points) > MANY:
        tolerance, curvature = ROUGH, min(CURVATURE, SHARED / start.shape[1])
    objective = _Objective(space, targets, counts, c, curvature)
    result = start.copy()
    with one_thread_each():
        state = objective.state(np.arange(len(start)), start / objective.scales)
        falls = np.ones(len(start), dtype=bool)
        memory = _Memory()
        for _ in range(MOST_STEPS):
            directions = -memory.newton_step(state.gradients)
            slopes = _dots(state.gradients, directions)
            unfinished = falls & (-slopes > 2 * tolerance * state.values)  # half the slope is a Newton step's gain
            if not unfinished.any():
                break
            if not unfinished.all():
                memory.keep(unfinished)
                state, directions, slopes = state.of(unfinished), directions[unfinished], slopes[unfinished]
            reached = objective.descend(state, directions, slopes)
            memory.add(reached.at - state.at, reached.gradients - state.gradients)
            falls = reached.values < state.values
            state = reached
            result[state.problems] = state.at * objective.scales[state.problems]
    return result


@dataclass(frozen=True, slots=True)
class _State:
    """Where the `problems` [A] are, and the values [A] and gradients there."""

    problems: NDArray[np.int64]
    at: Weights
    values: NDArray[np.float64]
    gradients: Weights

    def of(self, some: NDArray[np.bool_]) -> "_State":
        """Of `some` [A] of the problems alone."""
        return _State(self.problems[some], self.at[some], self.values[some], self.gradients[some])


class _Objective:
    """Values and gradients, both of coordinates divided by `scales` [P, 1, R + 1], in which the curvature is near 1."""

    def __init__(
        self,
        space: PrincipalAxes,
        targets: NDArray[np.int64],
        counts: NDArray[np.float32],
        c: float,
        curvature: float,
    ) -> None:
        self._points, self._targets, self._counts = space.points, targets, counts
        used = np.flatnonzero(counts.any(axis=0))
        self._used = used if len(used) < SPARSE * len(space.points) else None
        self._penalty = np.full(len(space.energies), 1 / c)
        self._penalty[-1] = 0
        share = counts.mean(axis=1, dtype=np.float64)[:, None, None]
        self.scales = (1 / np.sqrt(curvature * share * space.energies + self._penalty)).astype(np.float32)

    def state(self, problems: NDArray[np.int64], at: Weights) -> _State:
        """With the values and gradients of some `problems` [A], which are `at` [A, C, R + 1]."""
        weights = at * self.scales[problems]
        flat, counts = weights.reshape(-1, weights.shape[-1]), self._counts[problems].T

        def part(part: slice) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
            rows = part if self._used is None else self._used[part]
            points, targets, own = self._points[rows], self._targets[rows], counts[rows]
            everyone = np.arange(len(points))
            logits = (points @ flat.T).reshape(len(points), *weights.shape[:2])
            logits -= logits.max(axis=2, keepdims=True)
            of_truth = logits[everyone, :, targets]
            shares = np.exp(logits, out=logits)
            sums = shares.sum(axis=2)
            losses = np.einsum("na,na->a", own, np.log(sums) - of_truth, dtype=np.float64)
            shares *= (own / sums)[:, :, None]
            shares[everyone, :, targets] -= own
            return losses, shares.reshape(len(points), -1).T @ points

        count = len(self._points if self._used is None else self._used)
        losses, gradients = zip(*by_rows(part, count, max(CELLS // len(flat), -(-count // MOST_PARTS))), strict=True)
        penalised = weights * self._penalty.astype(np.float32)
        values = np.sum(losses, axis=0) + _dots(weights, penalised) / 2
        gradient = (sum(gradients).reshape(weights.shape) + penalised) * self.scales[problems]
        return _State(problems, at, values, gradient)

    def descend(self, state: _State, directions: Weights, slopes: NDArray[np.float64]) -> _State:
        """Where each problem gets in its direction; it stays where it is if it gets nowhere.

        The whole step is tried first, then shorter ones for those that went too far.
        """
        reached = state.of(np.ones(len(slopes), dtype=bool))
        trying, length = np.arange(len(slopes)), 1.0
        for _ in range(MOST_TRIALS):
            there = self.state(state.problems[trying], state.at[trying] + np.float32(length) * directions[trying])
            enough = (1 + ROUNDING) * state.values[trying] + SUFFICIENT * length * slopes[trying]
            good = there.values <= enough
            found = trying[good]
            reached.at[found], reached.values[found] = there.at[good], there.values[good]
            reached.gradients[found] = there.gradients[good]
            trying = trying[~good]
            if not len(trying):
                break
            length *= SHORTER
        return reached


class _Memory:
    """The last steps of each problem, and how its gradient changed along them."""

    def __init__(self) -> None:
        self._pairs: deque[tuple[Weights, Weights, NDArray[np.float64]]] = deque(maxlen=REMEMBERED)

    def add(self, steps: Weights, changes: Weights) -> None:
        self._pairs.append((steps, changes, _dots(steps, changes)))

    def keep(self, problems: NDArray[np.bool_]) -> None:
        """Forget those that are not among `problems`, a mask."""
        kept = [(steps[problems], changes[problems], curved[problems]) for steps, changes, curved in self._pairs]
        self._pairs = deque(kept, maxlen=REMEMBERED)

    def newton_step(self, gradients: Weights) -> Weights:
        """The inverse of the curvature, as far as it is known, times `gradients`."""
        result, used = gradients.copy(), []
        for steps, changes, curved in reversed(self._pairs):
            shares = _divided(_dots(steps, result), curved)
            result -= shares * changes
            used.append(shares)
        if self._pairs:
            _, changes, curved = self._pairs[-1]
            lengths = _dots(changes, changes)
            result *= np.where(curved > 0, _divided(curved, lengths)[:, 0, 0], 1).astype(np.float32)[:, None, None]
        for (steps, changes, curved), shares in zip(self._pairs, reversed(used), strict=True):
            result += (shares - _divided(_dots(changes, result), curved)) * steps
        return result


def _divided(numbers: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float32]:
    """[A] → [A, 1, 1], and 0 where rounding left nothing positive to divide by."""
    return np.divide(numbers, by, out=np.zeros_like(numbers), where=by > 0).astype(np.float32)[:, None, None]


def _dots(one: Weights, other: Weights) -> NDArray[np.float64]:
    """The scalar product of each problem's [A, C, R + 1] with its own: [A]."""
    products: NDArray[np.float32] = np.vecdot(one.reshape(len(one), -1), other.reshape(len(other), -1))
    return products.astype(np.float64)
