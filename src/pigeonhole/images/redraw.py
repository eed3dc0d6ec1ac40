"""Six ways to draw a picture differently: while training, and as files by `upsample`.

They are what the animated films' classifier upsampled its few web drawings with; log and sigmoid adjustment and
rescaling of intensity follow their definitions in scikit-image's `exposure`. All take and give uint8 [H, W, 3] RGB,
with the random numbers for the one that needs some.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Redrawing = Callable[[Pixels, np.random.Generator], Pixels]

WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in brightness
PERCENTILES = (0.02, 0.98)
LOG_GAIN = 1.0
SIGMOID_CUTOFF, SIGMOID_GAIN = 0.5, 8.0
PHOTONS = 60.0  # that make full brightness: few enough for visible noise
BAND = 1_000_000  # pixels that get their noise together: its numbers need eight times the memory of the picture

_SHARES = np.arange(256) / 255


def grayscale(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Brightness alone."""
    grey = np.zeros(pixels.shape[:2], np.float32)
    for channel, weight in enumerate(WEIGHTS):
        grey += weight * pixels[..., channel]
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=2)


def invert(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Dark becomes bright, and every colour its opposite."""
    return 255 - pixels


def poisson_noise(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """As if each pixel had counted few photons."""
    noisy = np.empty_like(pixels)
    rows = max(1, BAND // max(1, pixels.shape[1]))
    for top in range(0, len(pixels), rows):
        counts = chance.poisson(_SHARES[pixels[top : top + rows]] * PHOTONS)
        noisy[top : top + rows] = _levels(counts / PHOTONS)
    return noisy


def rescale_intensity(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Stretched so that all but the darkest and the brightest pixels fill the whole range."""
    low, high = (_quantile(pixels, share) / 255 for share in PERCENTILES)
    return _levels((_SHARES - low) / max(high - low, 1 / 255))[pixels]


def log_adjust(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Brighter, the dark parts most."""
    return _levels(LOG_GAIN * np.log2(1 + _SHARES))[pixels]


def sigmoid_adjust(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """More contrast in the middle of the range."""
    return _levels(1 / (1 + np.exp(SIGMOID_GAIN * (SIGMOID_CUTOFF - _SHARES))))[pixels]


REDRAWINGS: dict[str, Redrawing] = {
    "grayscale": grayscale,
    "invert": invert,
    "poisson": poisson_noise,
    "rescale": rescale_intensity,
    "log": log_adjust,
    "sigmoid": sigmoid_adjust,
}


def _levels(shares: NDArray[np.floating]) -> Pixels:
    """0 to 1 as 0 to 255; what is beyond is cut off."""
    return (shares * 255).round().clip(0, 255).astype(np.uint8)


def _quantile(pixels: Pixels, share: float) -> float:
    """As numpy's, from a histogram: that copies no large picture."""
    reached = np.bincount(pixels.ravel(), minlength=256).cumsum()
    place = share * (reached[-1] - 1)
    low, high = np.searchsorted(reached, [np.floor(place), np.ceil(place)], side="right")
    return float(low + (high - low) * (place - np.floor(place)))
