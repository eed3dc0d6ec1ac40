"""The torch weights of a network that was learnt here, to explain it by: the model file has them folded."""

from io import BytesIO
from pathlib import Path

from pigeonhole.backbones.frozen import CACHE
from pigeonhole.files import digest, write_aside_and_replace

PREFIX = "network-"


def network_file(tf_files: Path, sha256: str) -> Path:
    """Where the network of the model file with this digest is kept."""
    return tf_files / CACHE / f"{PREFIX}{sha256[:16]}.pt"


def remember(tf_files: Path, onnx: bytes, state: bytes | None) -> None:
    """Keep `state`, a saved state dict of the trunk, for the model file `onnx`, and forget those of earlier ones."""
    for old in (tf_files / CACHE).glob(f"{PREFIX}*.pt"):
        old.unlink()
    if state is not None:
        path = network_file(tf_files, digest(onnx))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside_and_replace(path, state)


def saved(state: dict[str, object]) -> bytes:
    """The bytes of a state dict."""
    import torch

    buffer = BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()
