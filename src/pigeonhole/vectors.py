"""Arithmetic on feature vectors."""

import numpy as np
from numpy.typing import NDArray


def l2_normalised(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Each row of [N, D] with length 1, one of zeros as it is: however short, as the node in the model file does it."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (features / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
