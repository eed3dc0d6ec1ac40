"""A model file appears only after onnxruntime gives the answers that it was trained to give."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import OutputError, PigeonholeError
from pigeonhole.files import write_aside_and_replace
from pigeonhole.model.load import read_model
from pigeonhole.naming import shown

TOLERANCE = 1e-4


def publish_model(path: Path, onnx: bytes, pixels: NDArray[np.uint8], probabilities: NDArray[np.floating]) -> None:
    """Write the model file `onnx` to `path`, where it replaces the previous one at once and complete.

    `pixels` uint8 [N, S, S, 3] are real pictures and `probabilities` [N, C] what the training says of them. Raises
    PigeonholeError where onnxruntime says something else, OutputError where it cannot be written; then the previous
    model stays.
    """
    difference = float(np.abs(read_model(onnx).probabilities(pixels) - probabilities).max())
    if not difference < TOLERANCE:  # not >=: a NaN must not pass
        raise PigeonholeError(
            f"The exported model differs from the trained one by {difference:.2g}, so it is not used.",
            "The previous model, if there is one, stays. Please report this.",
        )
    try:
        write_aside_and_replace(path, onnx)
    except OSError as error:
        raise OutputError(f"The model {shown(path)} cannot be written: {error.strerror}.") from error
