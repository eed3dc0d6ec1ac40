"""torchvision's classification networks: by name, with given weights, without their last layer."""

import re
from pathlib import Path
from typing import Any

import torchvision
from torch import Tensor, nn

from pigeonhole.backbones.state_dict import fill_in, read_state_dict, without
from pigeonhole.images import Preprocessing

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CLASSES = 1000  # that a network is made with, before it loses them
SIDE_BRANCHES = ("aux1.", "aux2.", "AuxLogits.")


def names() -> list[str]:
    """What --backbone may name."""
    known: list[str] = torchvision.models.list_models(module=torchvision.models)
    return known


def published_weights(backbone: str) -> list[Any]:
    """torchvision's ImageNet weights for `backbone`, its own first published ones first.

    Those of others (IMAGENET1K_SWAG…) may be for larger pictures than the network is made for.
    """
    weights = list(torchvision.models.get_model_weights(backbone))
    return sorted(weights, key=lambda each: (not each.name.startswith("IMAGENET1K_V"), each.name))


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


def network(backbone: str, path: Path) -> nn.Module:
    """float32 [N, 3, S, S], normalised → [N, D]. Raises WeightsError for weights that are damaged or do not fit."""
    whole = _whole(backbone)
    last = _last_layer(whole)
    trunk = without_last_layer(whole)
    fill_in(trunk, without(_renamed(read_state_dict(path)), (f"{last}.", *SIDE_BRANCHES)), path, backbone)
    return trunk


def architecture(backbone: str) -> nn.Module:
    """The same with random weights."""
    return without_last_layer(_whole(backbone))


def _whole(backbone: str) -> nn.Module:
    network: nn.Module = torchvision.models.get_model(backbone, weights=None, **_settings(backbone))
    return network


def without_last_layer(whole: nn.Module) -> nn.Module:
    """`whole` itself, whose output is now what fed the layer that made the logits."""
    parent, _, child = _last_layer(whole).rpartition(".")
    setattr(whole.get_submodule(parent), child, nn.Identity())
    return whole


def _settings(backbone: str) -> dict[str, bool]:
    """Two networks have side branches to train with, and published weights that take their input in another range."""
    if backbone not in ("googlenet", "inception_v3"):
        return {}
    return {"aux_logits": False, "transform_input": True, "init_weights": False}


def _last_layer(whole: nn.Module) -> str:
    """The layer that makes the logits is the last with as many outputs as there are classes; what is left feeds it."""
    makers: list[str] = [
        name
        for name, module in whole.named_modules()
        if (isinstance(module, nn.Linear) and module.out_features == CLASSES)
        or (isinstance(module, nn.Conv2d) and module.out_channels == CLASSES)
    ]
    return makers[-1]


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published DenseNets still have the names of before a rename: `norm.1` for `norm1`."""
    pattern = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d)")
    if not any(pattern.search(name) for name in state):
        return state  # itself: a state dict also carries the version that MNASNet asks for
    return {pattern.sub(r"\1\2", name): tensor for name, tensor in state.items()}
