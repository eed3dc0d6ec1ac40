"""The last layer: features → logits → probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax


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
    """The temperature at which held-out `logits` [N, C] are most likely (Guo et al. 2017, arXiv 1706.04599).

    Bounded to 1/4 … 10: a handful of pictures, all right, would otherwise ask for zero.
    """
    found = minimize_scalar(
        lambda logarithm: log_loss(logits, targets, float(np.exp(logarithm))),
        bounds=(np.log(0.25), np.log(10.0)),
        method="bounded",
    )
    return float(np.exp(found.x))
