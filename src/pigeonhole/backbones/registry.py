"""The networks that may be a backbone, torchvision's, timm's and the built-in one, seen in one way."""

import difflib
from pathlib import Path

import torch
from torch import nn

from pigeonhole.backbones import builtin, timm_models, torchvision_models
from pigeonhole.backbones.builtin_network import BuiltinNetwork
from pigeonhole.backbones.torchvision_models import IMAGENET_MEAN, IMAGENET_STD
from pigeonhole.backbones.weights import BUILTIN, TIMM
from pigeonhole.errors import UsageError
from pigeonhole.images import Preprocessing

Colour = tuple[float, float, float]


def check_name(backbone: str) -> None:
    """Raise UsageError where there is no network called `backbone`, or where it is timm's and timm is missing."""
    if backbone == BUILTIN:
        return
    of_timm = backbone.startswith(TIMM)
    known = timm_models.names() if of_timm else torchvision_models.names()
    if backbone not in known:
        close = difflib.get_close_matches(backbone, known, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "Name one with --backbone, such as mobilenet_v2."
        name, library = (backbone.removeprefix(TIMM), "timm") if of_timm else (backbone, "torchvision")
        raise UsageError(f"There is no network called {name!r} in {library}.", hint)


def preprocessing_of(backbone: str, sha256: str) -> Preprocessing:
    """How the weights file with the digest `sha256` wants its pictures."""
    check_name(backbone)
    if backbone.startswith(TIMM):
        return timm_models.preprocessing_of(backbone)
    return torchvision_models.preprocessing_of(backbone, sha256)


def normalisation_of(backbone: str) -> tuple[Colour, Colour]:
    """Mean and standard deviation of the colours, 0 to 1, that go in front of the network."""
    if backbone.startswith(TIMM):
        return timm_models.normalisation_of(backbone)
    return IMAGENET_MEAN, IMAGENET_STD


def backbone_network(backbone: str, path: Path) -> nn.Module:
    """The network with the weights in `path` up to its features: float32 [N, 3, S, S], normalised → [N, D].

    Raises UsageError for an unknown name, WeightsError for weights that are damaged or of another network.
    """
    check_name(backbone)
    if backbone == BUILTIN:
        return builtin.network().eval()
    of_timm = backbone.startswith(TIMM)
    network = timm_models.network(backbone, path) if of_timm else torchvision_models.network(backbone, path)
    return network.eval()


def architecture(backbone: str) -> nn.Module:
    """The same with random weights, to be filled with some that were kept."""
    check_name(backbone)
    if backbone == BUILTIN:
        return BuiltinNetwork()
    if backbone.startswith(TIMM):
        return timm_models.architecture(backbone)
    return torchvision_models.architecture(backbone)


def check_size(network: nn.Module, backbone: str, size: int) -> None:
    """Raise UsageError where `network` (uint8 [N, S, S, 3] → [N, D]) takes no pictures with S = `size`."""
    try:
        with torch.inference_mode():
            shape = network(torch.zeros((2, size, size, 3), dtype=torch.uint8)).shape
    except (RuntimeError, AssertionError, ValueError) as error:  # each network has its own way to say so
        raise UsageError(
            f"The network {backbone} takes no pictures of {size} × {size} pixels.", "Leave out --size."
        ) from error
    if len(shape) != 2:
        raise UsageError(f"The network {backbone} gives no features of a picture as a whole.", "Choose another.")
