"""torchvision's mobilenet_v2 as timm and transformers want it, and proof that all answer the same.

python benchmarks/peers/convert.py WEIGHTS FOLDER

Writes FOLDER/timm.pth and FOLDER/transformers/, whichever of the two is installed, and prints which. The tensors of the
three come in the same order. Classes are called by their numbers. Exits with a message where logits differ.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from answers import CLASSES, SIZE
from torchvision_batches import network

TOLERANCE = 1e-4  # of the largest logit
NAME = "mobilenetv2_100"


def in_order(state: dict[str, Tensor], other: nn.Module) -> dict[str, Tensor]:
    """The tensors of `state` under the names of `other`. Leaves where the two are not made of the same shapes."""
    names = other.state_dict()
    if [tensor.shape for tensor in state.values()] != [tensor.shape for tensor in names.values()]:
        raise SystemExit("the networks are not made of the same tensors")
    return dict(zip(names, state.values(), strict=True))


def to_timm(state: dict[str, Tensor], path: Path) -> nn.Module:
    from timm.models import create_model

    made: nn.Module = create_model(NAME)
    torch.save(in_order(state, made), path)
    return create_model(NAME, checkpoint_path=str(path)).eval()


def to_transformers(state: dict[str, Tensor], folder: Path) -> nn.Module:
    from transformers import TimmWrapperConfig, TimmWrapperForImageClassification

    config = TimmWrapperConfig.from_dict(
        {
            "architecture": NAME,
            "num_classes": CLASSES,
            "label_names": [str(number) for number in range(CLASSES)],
            "pretrained_cfg": {
                "input_size": [3, SIZE, SIZE],
                "crop_pct": 0.875,
                "interpolation": "bilinear",
                "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225],
            },
        }
    )
    made = TimmWrapperForImageClassification(config)
    made.load_state_dict(in_order(state, made))
    made.save_pretrained(folder)
    return TimmWrapperForImageClassification.from_pretrained(folder).eval()


def must_agree(ours: Tensor, theirs: Tensor, name: str) -> None:
    difference = float((ours - theirs).abs().max())
    if difference > TOLERANCE * float(ours.abs().max()):
        raise SystemExit(f"{name} answers otherwise: {difference:.2g}")
    sys.stdout.write(f"{name}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    original = network(chosen.weights)
    pixels = torch.randn(4, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = original(pixels)
        if find_spec("timm"):
            must_agree(expected, to_timm(original.state_dict(), chosen.folder / "timm.pth")(pixels), "timm")
        if find_spec("timm") and find_spec("transformers"):
            made = to_transformers(original.state_dict(), chosen.folder / "transformers")
            must_agree(expected, made(pixels).logits, "transformers")


if __name__ == "__main__":
    main()
