"""Grad-CAM: which part of a picture speaks for a category.

Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization" (arXiv
1610.02391).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from pigeonhole.errors import ModelError

POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def last_maps(network: nn.Module, pixels: Tensor) -> nn.Module:
    """The last layer of `network` whose output still has a place in the picture: [N, C, H, W] with H and W above 1.

    Pooling layers only blur that of the layer before them.
    """
    found: list[nn.Module] = []

    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and output.dim() == 4 and min(output.shape[2:]) > 1:
            found.append(module)

    leaves = [module for module in network.modules() if not list(module.children()) and not isinstance(module, POOLS)]
    handles = [leaf.register_forward_hook(note) for leaf in leaves]
    try:
        with torch.inference_mode():
            network(pixels)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise ModelError("This network has no layer whose output shows where in the picture something is.", "")
    return found[-1]


def grad_cam(network: nn.Module, pixels: Tensor, category: int, layer: nn.Module) -> Tensor:
    """For uint8 [1, S, S, 3] and the number of a category: float32 [H, W], at least 0, as large as `layer`'s maps."""
    with _kept(layer) as kept:
        logits = network(pixels)
        maps = kept[-1]  # a block may use one ReLU several times
        (gradient,) = torch.autograd.grad(logits[0, category], maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat: Tensor = functional.relu((weights * maps).sum(dim=1))[0]
    return heat.detach()


def enlarged(heat: Tensor, size: int) -> Tensor:
    """[H, W] → [size, size], between 0 and 1; all 0 where nothing speaks for the category."""
    large = functional.interpolate(heat[None, None], (size, size), mode="bilinear", align_corners=False)[0, 0]
    return large / large.max().clamp(min=1e-12)


@contextmanager
def _kept(layer: nn.Module) -> Iterator[list[Tensor]]:
    """The outputs of `layer`, call by call, as they are before anything later changes them in place."""
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: object, output: Tensor) -> Tensor:
        own = output if output.requires_grad else output.requires_grad_()
        kept.append(own)
        return own.clone()

    handle = layer.register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()
