"""What a training picture may look like: random parts, mirrored, other light, and six ways to draw it differently.

The six are what the animated films' classifier upsampled its web drawings with; log and sigmoid adjustment and
rescaling of intensity follow their definitions in scikit-image's `exposure`.
"""

import torch
from torch import Tensor
from torchvision.transforms import v2

AREA = (0.4, 1.0)  # of the canvas that a part covers
JITTER = 0.2
REDRAWN = 0.15  # of all pictures
PERCENTILES = (0.02, 0.98)
LOG_GAIN = 1.0
SIGMOID_CUTOFF, SIGMOID_GAIN = 0.5, 8.0
PHOTONS = 60.0  # that make full brightness: few enough for visible noise


def augmentation(size: int) -> v2.Transform:
    """uint8 [3, B, B] → uint8 [3, size, size], by torch's random numbers."""
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=AREA, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(JITTER, JITTER, JITTER)], p=0.5),
            v2.RandomApply([v2.RandomChoice([v2.Lambda(way) for way in REDRAWINGS])], p=REDRAWN),
        ]
    )


def grayscale(picture: Tensor) -> Tensor:
    """uint8 [3, H, W] → the same; as do all of these."""
    grey: Tensor = v2.functional.rgb_to_grayscale(picture, num_output_channels=3)
    return grey


def invert(picture: Tensor) -> Tensor:
    return 255 - picture


def poisson_noise(picture: Tensor) -> Tensor:
    """As if each pixel had counted few photons."""
    return _levels(torch.poisson(picture.float() / 255 * PHOTONS) / PHOTONS)


def rescale_intensity(picture: Tensor) -> Tensor:
    """Stretched so that all but the darkest and the brightest pixels fill the whole range."""
    shares = picture.float() / 255
    low, high = torch.quantile(shares.flatten(), torch.tensor(PERCENTILES))
    return _levels((shares - low) / (high - low).clamp(min=1 / 255))


def log_adjust(picture: Tensor) -> Tensor:
    """Brighter, the dark parts most."""
    return _levels(LOG_GAIN * torch.log2(1 + picture.float() / 255))


def sigmoid_adjust(picture: Tensor) -> Tensor:
    """More contrast in the middle of the range."""
    return _levels(1 / (1 + torch.exp(SIGMOID_GAIN * (SIGMOID_CUTOFF - picture.float() / 255))))


def _levels(shares: Tensor) -> Tensor:
    return (shares * 255).round().clamp(0, 255).to(torch.uint8)


REDRAWINGS = (grayscale, invert, poisson_noise, rescale_intensity, log_adjust, sigmoid_adjust)
