"""Recipe `scratch`: a small convolutional network that learns from nothing, for when there are no weights at all."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pigeonhole.dataset.split import Fold
from pigeonhole.evaluation.findings import Epoch
from pigeonhole.evaluation.head import Head, log_loss
from pigeonhole.images import Preprocessing
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.output import Stage

PREPROCESSING = Preprocessing(size=64, fraction=1.0)
CHANNELS = (16, 32, 64, 128)
MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
BATCH = 32
PEAK_RATE = 3e-3
SHIFT = 4  # pixels
LEAST_EPOCHS, LEAST_STEPS = 20, 300  # few pictures are seen more often


@dataclass(frozen=True, slots=True)
class Regularisation:
    """What keeps a network from learning its pictures by heart: `dropout` (share of features), `weight_decay`, and
    `augmented`: each picture is mirrored and shifted by chance.
    """

    dropout: float
    weight_decay: float
    augmented: bool


PLAIN = Regularisation(dropout=0.0, weight_decay=0.0, augmented=False)
REGULARISED = Regularisation(dropout=0.3, weight_decay=1e-2, augmented=False)
AUGMENTED = Regularisation(dropout=0.3, weight_decay=1e-2, augmented=True)


@dataclass(frozen=True, slots=True)
class Scratch:
    """What was trained: `network` (uint8 [N, S, S, 3] → features [N, D]), its head, the held-out logits [H, C], and
    what was seen after each epoch.
    """

    network: nn.Module
    head: Head
    held_out: NDArray[np.float64]
    epochs: tuple[Epoch, ...]


def small_cnn() -> nn.Module:
    """float32 [N, 3, S, S] → [N, 128]: four times 3×3 convolution, batch norm, ReLU and halving; then the mean."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip((3, *CHANNELS), CHANNELS, strict=False):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        layers += [nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def epochs_for(pictures: int) -> int:
    return max(LEAST_EPOCHS, math.ceil(LEAST_STEPS / math.ceil(pictures / BATCH)))


def fit_scratch(
    pixels: NDArray[np.uint8],
    targets: NDArray[np.int64],
    fold: Fold,
    *,
    seed: int,
    advance: Stage,
    regularisation: Regularisation = AUGMENTED,
) -> Scratch:
    """Learn from the training part of `fold`: AdamW, one-cycle learning rate.

    `pixels` uint8 [N, S, S, 3], `targets` [N] (0 … C-1). The same seed gives the same network on the same machine.
    `advance` is called once for each of `epochs_for(len(fold.train))` epochs.
    """
    torch.manual_seed(seed)
    categories = int(targets.max()) + 1
    trunk = small_cnn()
    linear = nn.Linear(CHANNELS[-1], categories)
    network = from_pixels(trunk, MEAN, STD)
    everything, labels = torch.from_numpy(pixels), torch.from_numpy(targets)
    epochs = epochs_for(len(fold.train))
    steps = math.ceil(len(fold.train) / BATCH)
    parameters = [*trunk.parameters(), *linear.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=PEAK_RATE, weight_decay=regularisation.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=epochs * steps)

    seen: list[Epoch] = []
    for epoch in range(epochs):
        network.train()
        losses = []
        for batch in torch.from_numpy(fold.train)[torch.randperm(len(fold.train))].split(BATCH):  # type: ignore[no-untyped-call]
            inputs = _shifted(_mirrored(everything[batch])) if regularisation.augmented else everything[batch]
            logits = linear(nn.functional.dropout(network(inputs), regularisation.dropout))
            loss = nn.functional.cross_entropy(logits, labels[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        network.eval()
        head = Head(linear.weight.detach().double().numpy(), linear.bias.detach().double().numpy())
        held_out = head.logits(features(network, pixels[fold.held_out]))
        seen.append(_epoch(epoch, losses, held_out, targets[fold.held_out]))
        advance()
    return Scratch(network, head, held_out, tuple(seen))


def _epoch(number: int, losses: list[float], held_out: NDArray[np.float64], targets: NDArray[np.int64]) -> Epoch:
    right = float(np.mean(held_out.argmax(axis=1) == targets))
    return Epoch(number + 1, float(np.mean(losses)), log_loss(held_out, targets), right)


def features(network: nn.Module, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """uint8 [N, S, S, 3] → [N, D]."""
    with torch.inference_mode():
        batches = [network(batch) for batch in torch.from_numpy(pixels).split(BATCH)]  # type: ignore[no-untyped-call]
    array: NDArray[np.float64] = torch.cat(batches).double().numpy()
    return array


def _mirrored(pixels: Tensor) -> Tensor:
    """Each picture of uint8 [N, S, S, 3] as it is or mirrored left to right, by chance."""
    chosen = torch.rand(len(pixels), 1, 1, 1) < 0.5
    return torch.where(chosen, pixels.flip(2), pixels)


def _shifted(pixels: Tensor) -> Tensor:
    """Each picture of uint8 [N, S, S, 3] moved by up to SHIFT pixels; what moves out comes in on the other side."""
    far = torch.randint(-SHIFT, SHIFT + 1, (len(pixels), 2)).tolist()
    return torch.stack(
        [picture.roll((down, across), (0, 1)) for picture, (down, across) in zip(pixels, far, strict=True)]
    )
