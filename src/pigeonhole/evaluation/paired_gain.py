"""Whether one way of learning is better than another, or only luckier."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.evaluation.head import best_temperature
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.vectors import log_softmax


@dataclass(frozen=True, slots=True)
class PairedGain:
    """By how much the mean log loss of the same held-out pictures sank, in nats, and the standard error of that."""

    mean: float
    error: float

    @property
    def is_certain(self) -> bool:
        """More than one standard error: what is chosen here costs little if it was luck after all."""
        return self.mean > self.error

    @property
    def is_beyond_doubt(self) -> bool:
        """More than two standard errors: what replaces something simpler and faster has to be better with 95 %."""
        return self.mean > 2 * self.error


def paired_gain(old: OutOfFold, new: OutOfFold, targets: NDArray[np.int64]) -> PairedGain:
    """The gain from `old` to `new`; `targets` [N] are those of all pictures, of which both held out the same."""
    fell = _losses(old, targets) - _losses(new, targets)
    return PairedGain(float(fell.mean()), float(fell.std(ddof=1) / np.sqrt(len(fell))))


def _losses(held_out: OutOfFold, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log loss of every held-out picture, in the order of the rows, at the temperature that suits them best."""
    order = np.argsort(held_out.rows)
    logits, own = held_out.logits[order], targets[held_out.rows[order]]
    losses: NDArray[np.float64] = -log_softmax(logits / best_temperature(logits, own))[np.arange(len(own)), own]
    return losses
