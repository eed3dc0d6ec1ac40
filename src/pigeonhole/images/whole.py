"""A whole picture, for whoever cuts something out of it; what a model sees comes from `to_square`."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np
from numpy.typing import NDArray

from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.images.read import to_square, upright_size

LONGEST = 8_000  # pixels: the picture lies in a square while it is read, and a wider one is made smaller


def to_whole(
    data: bytes, edge: int | None = None, large_turn: AbstractContextManager[object] | None = None
) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB: the picture upright, its longer edge at most `edge` pixels (None: LONGEST). Never enlarged.

    `data`, `large_turn` and what is raised as for `to_square`.
    """
    width, height = upright_size(data)
    size = min(max(width, height), edge or LONGEST, LONGEST)
    frame = Preprocessing(size, 1.0, "bilinear", "letterbox")
    square = to_square(data, frame, large_turn or nullcontext())
    across, down = frame.seen(width, height)
    left, top = (size - across) // 2, (size - down) // 2
    return square[top : top + down, left : left + across]
