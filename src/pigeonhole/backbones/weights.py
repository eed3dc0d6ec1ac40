"""Which pretrained weights a training uses: those named, those in TF_FILES/weights, a download, or the built-in ones.

Nothing here needs torch, so that a backbone that was exported before is found again in a moment.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.errors import UsageError, WeightsError
from pigeonhole.text import printable
from pigeonhole.workspace import WEIGHTS, Workspace

DEFAULT_BACKBONE = "mobilenet_v2"
AUTO = "auto"
BUILTIN = "builtin"
BUILTIN_FILE = Path(__file__).parent / f"{BUILTIN}.onnx"
SUFFIXES = (".pth", ".pt", ".safetensors")
TIMM = "timm:"  # before the names of networks that are timm's; in a file's name it is timm-


@dataclass(frozen=True, slots=True)
class Weights:
    """A state dict in the file `path` for the network `backbone`; `origin` says where it is from."""

    path: Path
    backbone: str
    origin: str


def find_weights(workspace: Workspace, backbone: str | None, named: Path | None) -> Weights | None:
    """The weights to use, None if there are none on this machine. Raises UsageError if `named` is no file."""
    if named is not None:
        if backbone == BUILTIN:
            raise UsageError("The built-in backbone brings its own weights.", "Leave out --weights or --backbone.")
        if not named.is_file():
            raise UsageError(f"There is no weights file {printable(named)}.", "Check the name behind --weights.")
        name = backbone if backbone and backbone != AUTO else _backbone_in(named)
        return Weights(named, name, f"--weights {named.name}")
    if backbone == BUILTIN:
        return builtin_weights("set with --backbone")
    backbone = None if backbone == AUTO else backbone
    present = weights_in(workspace)
    wanted = [each for each in present if _is_meant(backbone or DEFAULT_BACKBONE, each.backbone)]
    chosen = wanted or ([] if backbone else present)
    return chosen[0] if chosen else None


def builtin_weights(reason: str) -> Weights:
    """Those that come with pigeonhole; `reason` says why they and no others."""
    return Weights(BUILTIN_FILE, BUILTIN, reason)


def weights_in(workspace: Workspace) -> list[Weights]:
    """Every weights file in TF_FILES/weights, by name."""
    files = sorted(path for path in workspace.weights.glob("*") if path.suffix in SUFFIXES and path.is_file())
    return [Weights(path, _backbone_in(path), f"{WEIGHTS}/{path.name}") for path in files]


class MissingWeightsError(WeightsError):
    """There are no weights; `reason` says why they could not be downloaded."""

    def __init__(self, happened: str, cure: str, reason: str) -> None:
        super().__init__(happened, cure)
        self.reason = reason


def missing(backbone: str, reason: str) -> MissingWeightsError:
    """The error to raise where there are no weights for `backbone` and none can be downloaded."""
    library, name = ("timm", _in_file_name(backbone)) if backbone.startswith(TIMM) else ("torchvision", backbone)
    return MissingWeightsError(
        f"There are no pretrained weights for {backbone}: {reason}.",
        f"Copy a {library} weights file called {name}.pth into TF_FILES/{WEIGHTS}, name one with --weights FILE, "
        f"or use the built-in network: --backbone {BUILTIN}.",
        reason,
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
