"""Which pretrained weights a training uses: those named, those that lie in TF_FILES/weights, or a download.

Nothing here needs torch, so that a backbone that was exported before is found again in a moment.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.errors import UsageError, WeightsError
from pigeonhole.naming import shown

DEFAULT_BACKBONE = "mobilenet_v2"
FOLDER = "weights"
SUFFIXES = (".pth", ".pt", ".safetensors")
TIMM = "timm:"  # before the names of networks that are timm's; in a file's name it is timm-


@dataclass(frozen=True, slots=True)
class Weights:
    """A state dict in the file `path` for the network `backbone`; `origin` says where it is from."""

    path: Path
    backbone: str
    origin: str


def find_weights(tf_files: Path, backbone: str | None, named: Path | None) -> Weights | None:
    """The weights to use, None if there are none on this machine. Raises UsageError if `named` is no file."""
    if named is not None:
        if not named.is_file():
            raise UsageError(f"There is no weights file {shown(named)}.", "Check the name behind --weights.")
        return Weights(named, backbone or _backbone_in(named), f"--weights {named.name}")
    present = weights_in(tf_files)
    wanted = [each for each in present if _is_meant(backbone or DEFAULT_BACKBONE, each.backbone)]
    chosen = wanted or ([] if backbone else present)
    return chosen[0] if chosen else None


def obtain_weights(tf_files: Path, backbone: str | None = None, named: Path | None = None) -> Weights:
    """Those on this machine, else the default network's (or `backbone`'s), downloaded. Raises WeightsError if not."""
    return find_weights(tf_files, backbone, named) or download_weights(tf_files, backbone or DEFAULT_BACKBONE)


def weights_in(tf_files: Path) -> list[Weights]:
    """Every weights file in TF_FILES/weights, by name."""
    files = sorted(path for path in (tf_files / FOLDER).glob("*") if path.suffix in SUFFIXES and path.is_file())
    return [Weights(path, _backbone_in(path), f"{FOLDER}/{path.name}") for path in files]


def download_weights(tf_files: Path, backbone: str) -> Weights:
    """Fetch torchvision's weights for `backbone` into TF_FILES/weights, once. Raises WeightsError if that cannot be.

    timm's lie on a hub that gives no checksums with their names; they are not downloaded.
    """
    if os.environ.get("PIGEONHOLE_OFFLINE") == "1":
        raise missing(backbone, "PIGEONHOLE_OFFLINE=1 forbids to download them")
    from pigeonhole.train.download import download

    path = download(backbone, tf_files / FOLDER)
    return Weights(path, backbone, f"downloaded {path.name}")


def missing(backbone: str, reason: str) -> WeightsError:
    library, name = ("timm", _in_file_name(backbone)) if backbone.startswith(TIMM) else ("torchvision", backbone)
    return WeightsError(
        f"There are no pretrained weights for {backbone}: {reason}.",
        f"Copy a {library} weights file called {name}.pth into TF_FILES/{FOLDER}, name one with --weights FILE, "
        "or learn without any: --recipe scratch.",
    )


def _backbone_in(path: Path) -> str:
    """`resnet50` for `resnet50-0676ba61.pth`: torchvision's files begin with the network's name.

    `timm:resnet50.a1_in1k` for `timm-resnet50.a1_in1k.safetensors`.
    """
    match = re.match(r"(?P<timm>timm-)?(?P<name>[A-Za-z0-9_]+)(?P<tag>\.[A-Za-z0-9_]+)?", path.stem)
    if match is None:
        return path.stem
    return TIMM + match["name"] + (match["tag"] or "") if match["timm"] else match["name"]


def _is_meant(asked: str, backbone: str) -> bool:
    """`timm:resnet50` may be any of timm's weights for it, also those that a file's name tells more exactly."""
    return backbone == asked or (asked.startswith(TIMM) and backbone.startswith(f"{asked}."))


def _in_file_name(backbone: str) -> str:
    return backbone.replace(TIMM, "timm-")
