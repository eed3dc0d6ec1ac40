"""torchvision's classification networks: by name, with given weights, without their last layer."""

import difflib
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from pigeonhole.errors import UsageError, WeightsError
from pigeonhole.images import Preprocessing
from pigeonhole.naming import shown

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def check_name(backbone: str) -> None:
    """Raise UsageError where torchvision has no classification network called `backbone`."""
    names = torchvision.models.list_models(module=torchvision.models)
    if backbone not in names:
        close = difflib.get_close_matches(backbone, names, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "Name one with --backbone, such as mobilenet_v2."
        raise UsageError(f"There is no network called {backbone!r} in torchvision.", hint)


def published_weights(backbone: str) -> list[Any]:
    """torchvision's own ImageNet weights for `backbone`, the first published ones first."""
    check_name(backbone)
    weights = list(torchvision.models.get_model_weights(backbone))
    return sorted(weights, key=lambda each: (not each.name.startswith("IMAGENET1K"), each.name))


def preprocessing_of(backbone: str, sha256: str) -> Preprocessing:
    """How the weights file with the digest `sha256` wants its pictures.

    torchvision puts the digest's first digits into the file's name, so its own files are recognised whatever they are
    called now; any other file is taken to follow the first published ones.
    """
    published = published_weights(backbone)
    weights = next((each for each in published if f"-{sha256[:8]}." in each.url), published[0])
    transforms = weights.transforms()
    size = transforms.crop_size[0]
    return Preprocessing(size, min(1.0, size / transforms.resize_size[0]), transforms.interpolation.value)


def read_state_dict(path: Path) -> Mapping[str, Tensor]:
    """The tensors in `path`; loading runs no code. Raises WeightsError where it is no state dict."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"The weights file {shown(path)} is damaged or not one of torchvision's ({type(error).__name__}).",
            "Download it again.",
        ) from error
    if not isinstance(state, Mapping) or not state or not all(isinstance(each, Tensor) for each in state.values()):
        raise WeightsError(f"The weights file {shown(path)} holds no state dict.", "Save one with model.state_dict().")
    return state


def backbone_network(backbone: str, path: Path) -> nn.Module:
    """The network with the weights in `path` up to its features: float32 [N, 3, S, S] → [N, D].

    Raises UsageError for an unknown name, WeightsError for weights that are damaged or of another network.
    """
    check_name(backbone)
    state = _renamed(read_state_dict(path))
    classes = list(state.values())[-1].shape[0] if list(state.values())[-1].ndim else 0
    network: nn.Module = torchvision.models.get_model(
        backbone, weights=None, num_classes=classes, **_settings(backbone, state)
    )
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"The weights in {shown(path)} do not fit the network {backbone}.",
            "Say with --backbone which network they are for.",
        ) from error
    _remove_last_layer(network, classes)
    return network.eval()


def _settings(backbone: str, state: Mapping[str, Tensor]) -> dict[str, bool]:
    """Two networks have side branches, and published weights that take their input in another range."""
    if backbone not in ("googlenet", "inception_v3"):
        return {}
    side_branches = any(name.startswith(("aux", "AuxLogits")) for name in state)
    return {"aux_logits": side_branches, "transform_input": True, "init_weights": False}


def _renamed(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The published DenseNets still have the names of before a rename: `norm.1` for `norm1`."""
    pattern = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)")
    if not any(pattern.search(name) for name in state):
        return state  # itself: a state dict also carries the version that MNASNet asks for
    return {pattern.sub(r"\1\2", name): tensor for name, tensor in state.items()}


def _remove_last_layer(network: nn.Module, classes: int) -> None:
    """The layer that makes the logits is the last with as many outputs as there are classes; what is left feeds it."""
    last = [
        name
        for name, module in network.named_modules()
        if (isinstance(module, nn.Linear) and module.out_features == classes)
        or (isinstance(module, nn.Conv2d) and module.out_channels == classes)
    ][-1]
    parent, _, child = last.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
