"""A state dict of a small torchvision network with random weights: real training runs on it, without real weights."""

from pathlib import Path

import torch
import torchvision

SMALL = "squeezenet1_1"  # the quickest to export


def write_random_weights(path: Path, backbone: str = SMALL, seed: int = 0) -> Path:
    """A torchvision state dict for `backbone` at `path`; the same seed gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    settings = {"init_weights": False} if backbone in ("googlenet", "inception_v3") else {}
    torch.save(torchvision.models.get_model(backbone, weights=None, **settings).state_dict(), path)
    return path
