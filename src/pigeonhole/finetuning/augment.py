"""What a training picture may look like: random parts, mirrored, other light, and six ways to draw it differently."""

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from pigeonhole.images.redraw import REDRAWINGS, Redrawing

AREA = (0.4, 1.0)  # of the canvas that a part covers
JITTER = 0.2
REDRAWN = 0.15  # of all pictures


def augmentation(size: int) -> v2.Transform:
    """uint8 [3, B, B] → uint8 [3, size, size], by torch's random numbers."""
    ways = [v2.Lambda(partial(_redrawn, way)) for way in REDRAWINGS.values()]
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=AREA, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(JITTER, JITTER, JITTER)], p=0.5),
            v2.RandomApply([v2.RandomChoice(ways)], p=REDRAWN),
        ]
    )


def _redrawn(way: Redrawing, picture: Tensor) -> Tensor:
    """uint8 [3, H, W] → the same, by random numbers that follow from torch's."""
    chance = np.random.default_rng(int(torch.randint(1 << 62, ())))
    return torch.from_numpy(way(picture.permute(1, 2, 0).contiguous().numpy(), chance)).permute(2, 0, 1)
