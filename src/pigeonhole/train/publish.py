"""A model file appears only after onnxruntime gives the answers that it was trained to give."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import PigeonholeError, not_written
from pigeonhole.files import write_aside_and_replace
from pigeonhole.model.known_good import remember_as_good
from pigeonhole.model.load import read_model
from pigeonhole.text import printable

TOLERANCE = 1e-4
OF_DISTANCES = 5e-3  # of their squares: near 0 the root makes much of the last digits of float16


def publish_model(
    path: Path,
    onnx: bytes,
    pixels: NDArray[np.uint8],
    probabilities: NDArray[np.floating],
    distances: NDArray[np.floating] | None,
) -> None:
    """Write the model file `onnx` to `path`, where it replaces the previous one at once and complete.

    `pixels` uint8 [N, S, S, 3] are real pictures, `probabilities` [N, C] and `distances` [N] what the training says of
    them. Raises PigeonholeError where onnxruntime says something else, OutputError where it cannot be written; then the
    previous model stays.
    """
    answered, answered_distances = read_model(onnx, exact=True).answers(pixels)
    difference = float(np.abs(answered - probabilities).max())
    of_distances = 0.0
    if distances is not None and answered_distances is not None:
        best = np.sort(probabilities, axis=1)
        told_apart = best[:, -1] - best[:, -2] > 2 * TOLERANCE  # else the two may measure to different categories
        gaps = np.abs(np.square(answered_distances) - np.square(distances))
        of_distances = float(np.max(gaps, where=told_apart, initial=0.0))
    if not (difference < TOLERANCE and of_distances < OF_DISTANCES):  # not >=: a NaN must not pass
        raise PigeonholeError(
            f"The exported model differs from the trained one by {difference:.2g}, so it is not used.",
            "The previous model, if there is one, stays. Please report this.",
        )
    try:
        write_aside_and_replace(path, onnx)
    except OSError as error:
        raise not_written(f"The model {printable(path)}", error) from error
    remember_as_good(onnx, "answers")
