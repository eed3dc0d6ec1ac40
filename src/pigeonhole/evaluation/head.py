"""The last layer: features → logits → probabilities."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.vectors import log_softmax, softmax

PRIOR = 0.5  # standard deviation of the temperature's logarithm over many sets
LEAST, MOST = np.log(0.1), np.log(20.0)  # of the temperature's logarithm
EXACT = 1e-4  # of the temperature
ENOUGH = 20_000  # pictures that a temperature is told from
GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Head:
    """softmax((x · weightᵀ + bias) / temperature), with `weight` [C, D] and `bias` [C]."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    temperature: float = 1.0

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """[N, D] → [N, C], before the temperature."""
        logits: NDArray[np.float64] = features @ self.weight.T + self.bias
        return logits

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """[N, D] → [N, C]; each row sums to 1."""
        probabilities: NDArray[np.float64] = softmax(self.logits(features) / self.temperature)
        return probabilities


def log_loss(logits: NDArray[np.floating], targets: NDArray[np.int64], temperature: float = 1.0) -> float:
    """The mean negative log-likelihood of the true categories, in nats."""
    return -float(np.mean(log_softmax(logits / temperature)[np.arange(len(targets)), targets]))


def best_temperature(logits: NDArray[np.floating], targets: NDArray[np.int64]) -> float:
    """The temperature at which held-out `logits` [N, C] are likeliest (Guo et al. 2017, arXiv 1706.04599).

    As in Platt's scaling (1999), the true category is only expected with (N + 1) / (N + 2): a handful of pictures that
    are all right are no proof that every picture will be, and must not lead to scores of 1.00000. And few pictures say
    little: the temperature is drawn towards 1, from which it lies PRIOR away as a rule.
    """
    step = max(1, len(logits) // ENOUGH)
    logits, targets = logits[::step], targets[::step]
    count, categories = logits.shape
    expected = np.full_like(logits, 1 / (count + 2) / (categories - 1))
    expected[np.arange(count), targets] = (count + 1) / (count + 2)

    def loss(logarithm: float) -> float:
        likelihood = float(np.sum(expected * log_softmax(logits / np.exp(logarithm))))
        return (logarithm / PRIOR) ** 2 / 2 - likelihood

    return float(np.exp(_lowest(loss, LEAST, MOST)))


def _lowest(loss: Callable[[float], float], low: float, high: float) -> float:
    """Where `loss`, which falls and then rises between `low` and `high`, is least: golden-section search."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    of_left, of_right = loss(left), loss(right)
    while high - low > EXACT:
        if of_left < of_right:
            high, right, of_right = right, left, of_left
            left = high - GOLDEN * (high - low)
            of_left = loss(left)
        else:
            low, left, of_left = left, right, of_right
            right = low + GOLDEN * (high - low)
            of_right = loss(right)
    return (low + high) / 2
