"""The built-in backbone as a torch network, for fine-tuning and explaining.

A MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) with fewer channels inside its early blocks, which at their
resolution cost most of the time, and beside it the colours of the picture.
"""

import torch
from torch import Tensor, nn

from pigeonhole.backbones.colour_histogram import Colours

STEM, TOP = 32, 1280  # channels of the first and of the last layer
BLOCKS = (  # output channels, stride, hidden channels
    (16, 1, 32),
    (24, 2, 48),
    (24, 1, 80),
    (32, 2, 80),
    (32, 1, 128),
    (32, 1, 128),
    (64, 2, 128),
    (64, 1, 256),
    (64, 1, 256),
    (64, 1, 256),
    (96, 1, 384),
    (96, 1, 576),
    (96, 1, 576),
    (160, 2, 576),
    (160, 1, 960),
    (160, 1, 960),
    (320, 1, 960),
)


class Block(nn.Module):
    """An inverted residual: widened (unless it is wide already), filtered channel by channel, narrowed."""

    def __init__(self, inputs: int, outputs: int, stride: int, hidden: int, norm: bool) -> None:
        super().__init__()
        self.expand = _layer(inputs, hidden, norm=norm) if hidden != inputs else nn.Identity()
        self.depth = _layer(hidden, hidden, 3, stride, groups=hidden, norm=norm)
        self.project = _layer(hidden, outputs, norm=norm, bounded=False)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        answers: Tensor = self.project(self.depth(self.expand(maps)))
        return maps + answers if self.is_residual else answers


class Beside(nn.Module):
    """Two maps [N, A, H, W] and [N, B, H, W] as one [N, A + B, H, W]; a layer, so that it can be looked into."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return torch.cat([one, other], dim=1)


class BuiltinNetwork(nn.Module):
    """float32 [N, 3, S, S], normalised → [N, TOP + COLOURS], each the mean of a map.

    `norm`: with batch norm, as it is before that is folded away.
    """

    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        inputs = [STEM, *(outputs for outputs, _, _ in BLOCKS)]
        self.stem = _layer(3, STEM, 3, 2, norm=norm)
        self.blocks = nn.Sequential(
            *(Block(before, *block, norm) for before, block in zip(inputs[:-1], BLOCKS, strict=True))
        )
        self.top = _layer(inputs[-1], TOP, norm=norm)
        self.colours = Colours()
        self.beside = Beside()

    def forward(self, pictures: Tensor) -> Tensor:
        maps: Tensor = self.beside(self._learnt_maps(pictures), self.colours(pictures))
        return maps.mean(dim=(2, 3))

    def trained(self, pictures: Tensor) -> Tensor:
        """Without the colours: [N, TOP]."""
        return self._learnt_maps(pictures).mean(dim=(2, 3))

    def _learnt_maps(self, pictures: Tensor) -> Tensor:
        maps: Tensor = self.top(self.blocks(self.stem(pictures)))
        return maps


def folded(network: BuiltinNetwork) -> BuiltinNetwork:
    """The same network with its batch norms inside its convolutions."""
    bare = BuiltinNetwork().eval()
    layers = dict(network.named_modules())
    with torch.no_grad():
        for name, module in bare.named_modules():
            if not isinstance(module, nn.Conv2d) or module.bias is None:
                continue
            conv, norm = layers[name], layers[f"{name.removesuffix('.0')}.1"]
            if not isinstance(conv, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
                raise TypeError(name)
            mean, variance = norm.running_mean, norm.running_var
            if mean is None or variance is None:
                raise TypeError(name)
            factor = norm.weight / (variance + norm.eps).sqrt()
            module.weight.copy_(conv.weight * factor[:, None, None, None])
            module.bias.copy_(norm.bias - mean * factor)
    return bare


def _layer(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, norm: bool, bounded: bool = True
) -> nn.Sequential:
    """Convolution, perhaps batch norm, and where `bounded` ReLU6."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=not norm),
    ]
    if norm:
        layers.append(nn.BatchNorm2d(outputs))
    if bounded:
        layers.append(nn.ReLU6())
    return nn.Sequential(*layers)
