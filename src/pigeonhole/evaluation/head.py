"""The last layer: features → logits → probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

PRIOR = 0.5  # standard deviation of the temperature's logarithm over many sets


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
        probabilities: NDArray[np.float64] = softmax(self.logits(features) / self.temperature, axis=1)
        return probabilities


def log_loss(logits: NDArray[np.floating], targets: NDArray[np.int64], temperature: float = 1.0) -> float:
    """The mean negative log-likelihood of the true categories, in nats."""
    return -float(np.mean(log_softmax(logits / temperature, axis=1)[np.arange(len(targets)), targets]))


def best_temperature(logits: NDArray[np.floating], targets: NDArray[np.int64]) -> float:
    """The temperature at which held-out `logits` [N, C] are likeliest (Guo et al. 2017, arXiv 1706.04599).

    As in Platt's scaling (1999), the true category is only expected with (N + 1) / (N + 2): a handful of pictures that
    are all right are no proof that every picture will be, and must not lead to scores of 1.00000. And few pictures say
    little: the temperature is drawn towards 1, from which it lies PRIOR away as a rule.
    """
    count, categories = logits.shape
    expected = np.full_like(logits, 1 / (count + 2) / (categories - 1))
    expected[np.arange(count), targets] = (count + 1) / (count + 2)

    def loss(logarithm: float) -> float:
        likelihood = float(np.sum(expected * log_softmax(logits / np.exp(logarithm), axis=1)))
        return (logarithm / PRIOR) ** 2 / 2 - likelihood

    return float(np.exp(minimize_scalar(loss, bounds=np.log((0.1, 20.0)), method="bounded").x))
