"""Single layers: their filters, and their feature maps for a picture."""

import difflib
import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pigeonhole.errors import UsageError
from pigeonhole.explain.draw import Panel
from pigeonhole.finetuning.loop import Tuned

SHOWN = 25  # filters, and maps, of one layer: those with the strongest answer


def layer_panels(network: Tuned, pixels: NDArray[np.uint8], names: tuple[str, ...]) -> list[list[Panel]]:
    """A row for each of the layers `names`: its filters, if it is a convolution, and its answers to `pixels` [S, S, 3].

    Raises UsageError for a layer that does not exist or whose answers are no maps.
    """
    return [_row(network, pixels, name) for name in names]


def _row(network: Tuned, pixels: NDArray[np.uint8], name: str) -> list[Panel]:
    layer = _layer(network, name)
    maps = _answers(network, layer, pixels, name)
    strongest = maps.mean(dim=(1, 2)).argsort(descending=True)[:SHOWN]
    row = [Panel("picture", pixels)]
    if isinstance(layer, nn.Conv2d):
        filters = layer.weight.detach()[strongest]
        seen = filters.permute(0, 2, 3, 1) if filters.shape[1] == 3 else filters.mean(dim=1)
        row.append(Panel(f"{name}\n{len(strongest)} of {len(layer.weight)} filters", _mosaic(seen)))
    answers = f"{name}\n{len(strongest)} strongest of {len(maps)} feature maps"
    return [*row, Panel(answers, _mosaic(maps[strongest]))]


def _layer(network: Tuned, name: str) -> nn.Module:
    known: dict[str, nn.Module] = {
        path.removeprefix("trunk."): module
        for path, module in network.trunk.named_modules()
        if path not in ("", "trunk")
    }
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3) or list(known)[:3]
        raise UsageError(f"The network has no layer called {name!r}.", f"It has {', '.join(close)} and others.")
    return known[name]


def _answers(network: Tuned, layer: nn.Module, pixels: NDArray[np.uint8], name: str) -> Tensor:
    """[C, H, W]."""
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _, __, output: kept.append(output.clone()))
    with torch.inference_mode():
        network(torch.from_numpy(pixels[None].copy()))
    handle.remove()
    if not kept or kept[0].dim() != 4:
        raise UsageError(f"The layer {name!r} has no feature maps.", "Choose a convolution.")
    return kept[0][0]


def _mosaic(tiles: Tensor) -> NDArray[np.uint8]:
    """[T, H, W] or [T, H, W, 3] → one picture, each tile with its own range, a pixel apart."""
    low = tiles.flatten(1).min(dim=1).values.view(-1, *[1] * (tiles.dim() - 1))
    high = tiles.flatten(1).max(dim=1).values.view(-1, *[1] * (tiles.dim() - 1))
    levels = ((tiles - low) / (high - low).clamp(min=1e-12) * 255).round().to(torch.uint8).numpy()
    across = math.ceil(math.sqrt(len(levels)))
    height, width = levels.shape[1:3]
    shape = (across * (height + 1) - 1, across * (width + 1) - 1, *levels.shape[3:])
    mosaic = np.full(shape, 255, dtype=np.uint8)
    for number, tile in enumerate(levels):
        top, left = number // across * (height + 1), number % across * (width + 1)
        mosaic[top : top + height, left : left + width] = tile
    return mosaic
