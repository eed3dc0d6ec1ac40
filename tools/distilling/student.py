"""The student begins as the teacher, with those channels inside its blocks that say most."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import MobileNetV2

from pigeonhole.backbones.builtin_network import BLOCKS, BuiltinNetwork
from pigeonhole.backbones.torchvision_models import IMAGENET_MEAN, IMAGENET_STD

MEAN, STD = torch.tensor(IMAGENET_MEAN) * 255, torch.tensor(IMAGENET_STD) * 255
BATCH = 64


def normalised(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 [N, S, S, 3] RGB, 0–255 → float32 [N, 3, S, S], the channels lying together as the CPU likes it."""
    return ((torch.from_numpy(pixels).float() - MEAN) / STD).permute(0, 3, 1, 2)


def student_of(teacher: MobileNetV2, pixels: NDArray[np.uint8]) -> BuiltinNetwork:
    """A network to learn from there, its statistics those of `pixels` [N, S, S, 3]."""
    student = BuiltinNetwork(norm=True)
    kept = _kept_channels(teacher, pixels)
    state: dict[str, Tensor] = {}
    _take(state, "stem", teacher.features[0][0], teacher.features[0][1])
    _take(state, "top", teacher.features[-1][0], teacher.features[-1][1])
    for number, hidden in enumerate(kept):
        conv = teacher.features[number + 1].conv
        layers = [(layer[0], layer[1]) for layer in conv if isinstance(layer, nn.Sequential)] + [(conv[-2], conv[-1])]
        place = f"blocks.{number}"
        if len(layers) == 3:
            _take(state, f"{place}.expand", *layers[0], rows=hidden)
        _take(state, f"{place}.depth", *layers[-2], rows=hidden)
        _take(state, f"{place}.project", *layers[-1], columns=hidden)
    student.load_state_dict(state)
    recalibrate(student, pixels)
    return student


def recalibrate(student: BuiltinNetwork, pixels: NDArray[np.uint8]) -> None:
    """Measure the statistics of its batch norms anew, over all `pixels` [N, S, S, 3]."""
    norms = [module for module in student.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    student.train()
    with torch.no_grad():
        for start in range(0, len(pixels) - BATCH + 1, BATCH):
            student.trained(normalised(pixels[start : start + BATCH]))
    for norm in norms:
        norm.momentum = 0.1
    student.eval()


def _kept_channels(teacher: MobileNetV2, pixels: NDArray[np.uint8]) -> list[Tensor]:
    """For each block which hidden channels to keep: how much they vary, times how much is made of them."""
    spread: list[Tensor] = []  # of each block's hidden channels, in the order in which they are computed
    hooks = [
        block.conv[-3].register_forward_hook(lambda _, __, maps: spread.append(maps.std(dim=(0, 2, 3))))
        for block in teacher.features[1:-1]
    ]
    with torch.no_grad():
        teacher.features(normalised(pixels[: 4 * BATCH]))
    for hook in hooks:
        hook.remove()
    kept = []
    for number, (_, _, hidden) in enumerate(BLOCKS):
        project, norm = teacher.features[number + 1].conv[-2:]
        scaled = (
            project.weight.detach()[:, :, 0, 0] * (norm.weight.detach() / (norm.running_var + norm.eps).sqrt())[:, None]
        )
        importance = spread[number] * scaled.norm(dim=0)
        kept.append(importance.argsort(descending=True)[:hidden].sort().values.clone())
    return kept


def _take(
    state: dict[str, Tensor],
    place: str,
    conv: nn.Module,
    norm: nn.Module,
    *,
    rows: Tensor | None = None,
    columns: Tensor | None = None,
) -> None:
    """Put a layer's tensors into `state`, of its outputs `rows` and of its inputs `columns` only."""
    weight = conv.state_dict()["weight"]
    weight = weight if columns is None else weight[:, columns]
    state[f"{place}.0.weight"] = weight if rows is None else weight[rows]
    for name, tensor in norm.state_dict().items():
        state[f"{place}.1.{name}"] = tensor[rows] if rows is not None and tensor.dim() else tensor
