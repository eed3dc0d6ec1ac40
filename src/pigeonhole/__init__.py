"""Learns from folders of pictures and puts every new picture in its pigeonhole.

>>> from pigeonhole import Classifier
>>> guess = Classifier.load("tf_files/model.onnx").guess("a.jpg")
>>> guess.label, guess.score
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pigeonhole.classifier import Classifier

__version__ = "0.1.0"
__all__ = ["Classifier", "__version__"]

# onnxruntime reads it when it is imported, which no process of ours does before this. Otherwise it keeps an identity of
# the machine in a file and looks up its maker's host. The call in its API that is meant for this comes too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def __getattr__(name: str) -> Any:
    # Late, so that `pigeonhole --help` and the shell completion do not wait for numpy and Pillow.
    if name == "Classifier":
        from pigeonhole.classifier import Classifier

        return Classifier
    raise AttributeError(f"module 'pigeonhole' has no attribute {name!r}")
