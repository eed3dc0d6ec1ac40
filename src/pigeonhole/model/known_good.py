"""Which model files were tried out already. It is kept where only this user writes, never beside the model."""

import hashlib

from pigeonhole.model.session import runtime_version
from pigeonhole.user_cache import has_note, leave_note

KIND = "tried-models"
TRIAL = 1  # raised whenever more is tried out


def is_known_good(onnx: bytes, what: str) -> bool:
    """Whether this user's programs with this onnxruntime have tried the file `onnx` out, and found `what` it gives (see
    trial.py) well.
    """
    return has_note(KIND, _name(onnx, what))


def remember_as_good(onnx: bytes, what: str) -> None:
    """Where nothing can be written (in a container, say), the file is tried out again the next time."""
    leave_note(KIND, _name(onnx, what))


def _name(onnx: bytes, what: str) -> str:
    return f"{hashlib.sha256(onnx).hexdigest()}-{TRIAL}-{what}-{runtime_version()}"
