"""Which model files were tried out already. It is kept where only this user writes, never beside the model."""

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from pigeonhole.model.session import runtime_version
from pigeonhole.user_cache import user_cache

FOLDER = "tried-models"
TRIAL = 1  # raised whenever more is tried out


def is_known_good(onnx: bytes) -> bool:
    """Whether this user's programs with this onnxruntime have tried the model file `onnx` out, and found it well."""
    path = _note(onnx)
    if path is None:
        return False
    try:
        return _is_ours(path.parent) and stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def remember_as_good(onnx: bytes) -> None:
    """Where nothing can be written (in a container, say), the file is tried out again the next time."""
    path = _note(onnx)
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(path.parent):
            path.touch(mode=0o600)


def _note(onnx: bytes) -> Path | None:
    try:
        folder = user_cache() / FOLDER
    except RuntimeError:  # this user has no home
        return None
    return folder / f"{hashlib.sha256(onnx).hexdigest()}-{TRIAL}-{runtime_version()}"


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can have written there."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
