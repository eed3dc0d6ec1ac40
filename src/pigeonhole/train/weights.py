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
SUFFIXES = (".pth", ".pt")


@dataclass(frozen=True, slots=True)
class Weights:
    """A torchvision state dict in the file `path` for the network `backbone`; `origin` says where it is from."""

    path: Path
    backbone: str
    origin: str


def find_weights(tf_files: Path, backbone: str | None, named: Path | None) -> Weights | None:
    """The weights to use, None if there are none on this machine. Raises UsageError if `named` is no file."""
    if named is not None:
        if not named.is_file():
            raise UsageError(f"There is no weights file {shown(named)}.", "Check the name behind --weights.")
        return Weights(named, backbone or _backbone_in(named), f"--weights {named.name}")
    folder = tf_files / FOLDER
    present = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES and path.is_file())
    wanted = [path for path in present if _backbone_in(path) == (backbone or DEFAULT_BACKBONE)]
    chosen = wanted or ([] if backbone else present)
    return Weights(chosen[0], _backbone_in(chosen[0]), f"{FOLDER}/{chosen[0].name}") if chosen else None


def download_weights(tf_files: Path, backbone: str) -> Weights:
    """Fetch torchvision's weights for `backbone` into TF_FILES/weights, once. Raises WeightsError if that cannot be."""
    if os.environ.get("PIGEONHOLE_OFFLINE") == "1":
        raise missing(backbone, "PIGEONHOLE_OFFLINE=1 forbids to download them")
    from pigeonhole.train.download import download

    path = download(backbone, tf_files / FOLDER)
    return Weights(path, backbone, f"downloaded {path.name}")


def missing(backbone: str, reason: str) -> WeightsError:
    return WeightsError(
        f"There are no pretrained weights for {backbone}: {reason}.",
        f"Copy a torchvision weights file called {backbone}.pth into TF_FILES/{FOLDER}, name one with --weights FILE, "
        "or learn without any: --recipe scratch.",
    )


def _backbone_in(path: Path) -> str:
    """`resnet50` for `resnet50-0676ba61.pth`: torchvision's files begin with the network's name."""
    match = re.match(r"[a-z0-9_]+", path.stem)
    return match.group() if match else path.stem
