"""Which colours a picture has: what the built-in backbone knows beside what it has learnt.

A network that learnt to name things looks past their colours; of drawings these are often what tells one from another.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from pigeonhole.backbones.torchvision_models import IMAGENET_MEAN, IMAGENET_STD

HUES, SATURATIONS, VALUES = 8, 4, 4
COLOURS = HUES * SATURATIONS * VALUES
WEIGHT = 12.0  # the length of its features, about half of that of the learnt ones
DARK = 1 / 64  # below it a saturation says nothing
EARLY, LATE = 3, 2  # halvings before the colours are told, and after: together those of the network


class Colours(nn.Module):
    """float32 [N, 3, S, S], normalised → [N, COLOURS, S / 32, S / 32], rounded up: a histogram with soft edges, where.

    The mean of each map is the root of the colour's share of the picture, times WEIGHT: so a little of one counts
    beside much of another. There is nothing to learn in it, and it passes no gradient on.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD)[:, None, None], persistent=False)
        self.halved = nn.AvgPool2d(2, ceil_mode=True)

    def forward(self, pictures: Tensor) -> Tensor:
        small = pictures.detach() * self.std + self.mean
        for _ in range(EARLY):
            small = self.halved(small)
        hue, saturation, value = _hsv(small)
        shares = _products(_near_hue(hue), _near(saturation, SATURATIONS), _near(value, VALUES))
        for _ in range(LATE):
            shares = self.halved(shares)
        return WEIGHT * shares / shares.mean(dim=(2, 3), keepdim=True).clamp(min=1e-8).sqrt()


def _hsv(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, 0 to HUES, saturation and value, 0 to 1, each [N, H, W], of [N, 3, H, W], 0 to 1."""
    red, green, blue = pictures[:, 0], pictures[:, 1], pictures[:, 2]
    value, least = pictures.amax(dim=1), pictures.amin(dim=1)
    spread = (value - least).clamp(min=1e-6)
    of_green_or_blue = torch.where(value == green, (blue - red) / spread + 2, (red - green) / spread + 4)
    of_red = (green - blue) / spread
    sixth = torch.where(value == red, torch.where(of_red < 0, of_red + 6, of_red), of_green_or_blue)
    return sixth * (HUES / 6), (value - least) / value.clamp(min=DARK), value


def _near(levels: Tensor, marks: int) -> Tensor:
    """[N, H, W], 0 to 1 → [N, marks, H, W]: 1 on one of so many even marks, 0 at the next and beyond."""
    places = torch.arange(marks, dtype=levels.dtype, device=levels.device)[:, None, None]
    return functional.relu(1 - (levels[:, None] * (marks - 1) - places).abs())


def _near_hue(hue: Tensor) -> Tensor:
    """The same for a circle: [N, H, W], 0 to HUES → [N, HUES, H, W]."""
    places = torch.arange(HUES, dtype=hue.dtype, device=hue.device)[:, None, None]
    away = (hue[:, None] - places).abs()
    return functional.relu(1 - torch.minimum(away, HUES - away))


def _products(*parts: Tensor) -> Tensor:
    """[N, A, H, W], [N, B, H, W], [N, C, H, W] → the products of each with each, [N, A · B · C, H, W]."""
    numbers = torch.cartesian_prod(*(torch.arange(part.shape[1], device=part.device) for part in parts))
    one, other, third = (part.index_select(1, number) for part, number in zip(parts, numbers.T, strict=True))
    return one * other * third
