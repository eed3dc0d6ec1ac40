"""timm's networks, an optional extra: by the name behind `timm:`, with given weights, without their last layer.

A name is an architecture, `inception_resnet_v2`, or one with the tag of its weights, `inception_resnet_v2.tf_in1k`;
several weights of one architecture may want their pictures differently.
"""

import math
from pathlib import Path
from typing import Any

from torch import nn

from pigeonhole.backbones.state_dict import fill_in, read_state_dict, without
from pigeonhole.backbones.weights import TIMM
from pigeonhole.errors import UsageError
from pigeonhole.images import Preprocessing
from pigeonhole.images.preprocessing import Crop

Colour = tuple[float, float, float]
CROPS: dict[str, Crop] = {"center": "centre", "squash": "squeeze", "border": "letterbox"}


def names() -> list[str]:
    """What --backbone may name: architectures, and these with the tags of their weights."""
    _imported()
    from timm.models import list_models, list_pretrained

    return sorted({f"{TIMM}{name}" for name in (*list_models(), *list_pretrained())})


def preprocessing_of(backbone: str) -> Preprocessing:
    """How timm says that the weights want their pictures, rounded as timm rounds.

    Few are squeezed and then cut a little at the border; these are squeezed whole.
    """
    wanted = _wanted(backbone)
    channels, height, width = wanted.input_size
    if channels != 3 or height != width:
        raise UsageError(f"The network {backbone} takes no square pictures in three colours.", "Choose another.")
    crop = CROPS[wanted.crop_mode]
    fraction = min(1.0, height / math.floor(height / wanted.crop_pct)) if crop == "centre" else 1.0
    return Preprocessing(height, fraction, wanted.interpolation, crop)


def normalisation_of(backbone: str) -> tuple[Colour, Colour]:
    """Mean and standard deviation of the colours, 0 to 1, that the weights were trained with."""
    wanted = _wanted(backbone)
    return wanted.mean, wanted.std


def published_at(backbone: str) -> str:
    """Where its weights are to be had, for a sentence."""
    return f"huggingface.co/{_wanted(backbone).hf_hub_id}" if _wanted(backbone).hf_hub_id else "timm's pages"


def network(backbone: str, path: Path) -> nn.Module:
    """float32 [N, 3, S, S], normalised → [N, D]. Raises WeightsError for weights that are damaged or do not fit."""
    last = _wanted(backbone).classifier or ()
    layers = tuple(f"{name}." for name in ((last,) if isinstance(last, str) else last))
    trunk = architecture(backbone)
    fill_in(trunk, without(read_state_dict(path), layers), path, backbone)
    return trunk


def architecture(backbone: str) -> nn.Module:
    """The same with random weights."""
    _imported()
    from timm.models import create_model

    trunk: nn.Module = create_model(_name(backbone), pretrained=False, num_classes=0)
    return trunk


def _name(backbone: str) -> str:
    return backbone.removeprefix(TIMM)


def _wanted(backbone: str) -> Any:
    """timm's description of the weights: its PretrainedCfg."""
    _imported()
    from timm.models import get_pretrained_cfg
    from timm.models import model_entrypoint as entry

    # An architecture without published weights is described by its first, empty entry.
    return get_pretrained_cfg(_name(backbone)) or entry(_name(backbone).split(".")[0])().pretrained_cfg


def _imported() -> None:
    try:
        import timm  # noqa: F401
    except ImportError:
        raise UsageError(
            "A network of timm is asked for, and timm is not installed.",
            "Install it with: pip install 'pigeonhole[timm]'",
        ) from None
