"""The weights of a training: those on this machine, else a download, else the built-in ones."""

import os
import threading
import urllib.request
from pathlib import Path

from pigeonhole.backbones.weights import (
    AUTO,
    DEFAULT_BACKBONE,
    MissingWeightsError,
    Weights,
    builtin_weights,
    find_weights,
    missing,
)
from pigeonhole.workspace import WEIGHTS, Workspace

# Where torchvision says it is. Asking torchvision takes three seconds, which are lost where there is no network.
DEFAULT_URL = "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth"
REACH_SECONDS = 3.0  # to wait for the first answer of that server


def obtain_weights(workspace: Workspace, backbone: str | None = None, named: Path | None = None) -> Weights:
    """Those on this machine, else a download. Raises WeightsError where `backbone` is named and cannot be had.

    Where it is not, or AUTO, the default network's are downloaded, and where that cannot be, the built-in ones do.
    """
    found = find_weights(workspace, backbone, named)
    if found is not None:
        return found
    if backbone and backbone != AUTO:
        return download_weights(workspace, backbone)
    try:
        if not is_offline() and (trouble := _unreachable(DEFAULT_URL, REACH_SECONDS)):
            raise missing(DEFAULT_BACKBONE, f"the download failed ({trouble})")
        return download_weights(workspace, DEFAULT_BACKBONE)
    except MissingWeightsError as error:
        return builtin_weights(f"no weights in {WEIGHTS}/, and {error.reason}")


def is_offline() -> bool:
    """Whether the user forbids to use the network."""
    return os.environ.get("PIGEONHOLE_OFFLINE") == "1"


def download_weights(workspace: Workspace, backbone: str) -> Weights:
    """Fetch torchvision's weights for `backbone` into TF_FILES/weights, once. Raises WeightsError if that cannot be.

    timm's lie on a hub that gives no checksums with their names; they are not downloaded.
    """
    if is_offline():
        raise missing(backbone, "PIGEONHOLE_OFFLINE=1 forbids downloads")
    from pigeonhole.backbones.download import download

    path = download(backbone, workspace.weights)
    return Weights(path, backbone, f"downloaded {path.name}")


def _unreachable(url: str, seconds: float) -> str | None:
    """Why nothing answers at `url` within `seconds`; None where something does.

    In a thread of its own, because no timeout bounds how long a name is looked up.
    """
    said: list[str | None] = [f"no answer within {seconds:.0f} s"]

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds):  # noqa: S310
                said.append(None)
        except OSError as error:
            reason = getattr(error, "reason", error)
            said.append(getattr(reason, "strerror", None) or str(reason))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return said[-1]
