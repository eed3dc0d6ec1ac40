"""A state dict of a network with random weights: real training runs on it, without real weights."""

from pathlib import Path

import torch
import torchvision
from safetensors.torch import save_file

SMALL = "squeezenet1_1"  # the quickest to export


def write_random_weights(path: Path, backbone: str = SMALL, seed: int = 0) -> Path:
    """A state dict for `backbone` at `path`; the same seed gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    state = _network(backbone).state_dict()
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def _network(backbone: str) -> torch.nn.Module:
    if backbone.startswith("timm:"):
        import timm

        return timm.create_model(backbone.removeprefix("timm:"), pretrained=False)
    settings = {"init_weights": False} if backbone in ("googlenet", "inception_v3") else {}
    network: torch.nn.Module = torchvision.models.get_model(backbone, weights=None, **settings)
    return network
