"""The torch weights of a network that was trained here, to explain it by: the model file has them folded."""

from io import BytesIO
from pathlib import Path

from pigeonhole.files import digest, write_aside_and_replace
from pigeonhole.workspace import Workspace

PREFIX = "network-"


def network_file(workspace: Workspace, sha256: str) -> Path:
    """Where the network of the model file with this digest is kept."""
    return workspace.cache / f"{PREFIX}{sha256[:16]}.pt"


def remember(workspace: Workspace, onnx: bytes, state: bytes | None) -> None:
    """Keep `state`, a saved state dict of the trunk, for the model file `onnx`, and forget those of earlier ones."""
    for old in workspace.cache.glob(f"{PREFIX}*.pt"):
        old.unlink()
    if state is not None:
        path = network_file(workspace, digest(onnx))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside_and_replace(path, state)


def saved(state: dict[str, object]) -> bytes:
    """The bytes of a state dict."""
    import torch

    buffer = BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
