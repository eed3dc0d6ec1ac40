"""A network of some thousand weights that torchvision knows as `tiny`: whatever trains or exports it takes seconds.

What starts from nothing learns for STEPS steps where a test is about something else than how well.
"""

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import Weights, WeightsEnum
from torchvision.models._api import register_model
from torchvision.transforms._presets import ImageClassification

TINY = "tiny"
SIZE = 32  # pixels, the edge of the pictures that it is made for
FEATURES = 32
STEPS = 30


class Tiny(nn.Module):
    """Three times convolution, batch norm and ReLU; a mean, and the layer that makes the logits."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 8), (8, 16), (16, FEATURES)):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(FEATURES, 1000)

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.pool(self.features(pixels)).flatten(1))
        return logits


class Tiny_Weights(WeightsEnum):  # type: ignore[misc]  # noqa: N801
    IMAGENET1K_V1 = Weights(
        url="https://download.pytorch.org/models/tiny-00000000.pth",
        transforms=partial(ImageClassification, crop_size=SIZE, resize_size=SIZE),
        meta={},
    )


def tiny(*, weights: Tiny_Weights | None = None) -> Tiny:
    assert weights is None
    return Tiny()


tiny.__module__ = "torchvision.models.tiny"  # where torchvision.models.list_models looks
register_model()(tiny)


def write_tiny_weights(path: Path, seed: int = 0) -> Path:
    """Random ones whose batch norm has seen noise, so that pictures differ in their features."""
    torch.manual_seed(seed)
    network = Tiny()
    with torch.inference_mode():
        for _ in range(30):
            network(torch.randn(16, 3, SIZE, SIZE) + torch.randn(16, 3, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), path)
    return path
