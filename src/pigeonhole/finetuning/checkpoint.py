"""What a training knew after its last complete epoch, so that an interruption costs one epoch at most."""

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

from pigeonhole.files import write_aside_and_replace
from pigeonhole.workspace import Workspace

CHECKPOINTS = "finetune-*"  # folders in the cache


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state`, tensors and plain values, to `path`, where it replaces the one before at once and complete."""
    import torch

    buffer = BytesIO()
    torch.save(state, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside_and_replace(path, buffer.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The state in `path`; None where there is none that can be used, and the training begins anew."""
    import torch

    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged file makes the unpickler raise a dozen kinds
        return None
    return state


def forget_checkpoints(workspace: Workspace) -> None:
    """Once the model is published, nobody goes on from them."""
    for folder in workspace.cache.glob(CHECKPOINTS):
        shutil.rmtree(folder)
