"""What a training knew after its last complete epoch, so that an interruption costs one epoch at most."""

import os
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from pigeonhole.files import digest, write_aside_and_replace
from pigeonhole.files.source import is_file
from pigeonhole.output import Output
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

CHECKPOINTS = "finetune-*"  # folders in the cache
DIGITS = 64


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state`, tensors and plain values, to `path`, where it replaces the one before at once and complete.

    Its digest stands in front of it: torch.load notices no changed byte in a tensor.
    """
    import torch

    buffer = BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside_and_replace(path, digest(data).encode() + data)


def load_checkpoint(path: Path, fits: Callable[[object], bool], output: Output) -> Any:
    """The state in `path`; None where there is none, or none that `fits`: that is said, and the run begins anew."""
    if not os.path.lexists(path):
        return None
    state = _loaded(path) if is_file(path) else None
    if fits(state):
        return state
    output.note(f"The checkpoint {printable(path)} is damaged, or is that of another training, and is made anew.")
    return None


def alike(one: object, other: object) -> bool:
    """Whether both are built alike of dictionaries, lists, tensors of one shape and type, and plain values."""
    import torch

    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and one.dtype == other.dtype
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other)


def forget_checkpoints(workspace: Workspace) -> None:
    """Once the model is published, nobody goes on from them. Raises OSError where the disk refuses."""
    for folder in workspace.cache.glob(CHECKPOINTS):
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink()


def _loaded(path: Path) -> object:
    import torch

    data = path.read_bytes()
    if digest(data[DIGITS:]).encode() != data[:DIGITS]:
        return None
    try:
        state: object = torch.load(BytesIO(data[DIGITS:]), map_location="cpu", weights_only=True)
    except Exception:  # of what is no checkpoint the unpickler says so in a dozen ways
        return None
    return state
