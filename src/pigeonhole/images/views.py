"""Several views of one picture: from a square that shows a little more than the model sees."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pigeonhole.images.preprocessing import Preprocessing

LARGER = 8 / 7  # torchvision's ten-crop cuts 224 from 256


def canvas_of(preprocessing: Preprocessing) -> Preprocessing:
    """For the square that views are cut from: as sharp as what the model sees and an eighth wider.

    Where the picture is not wider, because the model sees the whole of it already, the views are magnified.
    """
    size = round(preprocessing.size * LARGER)
    fraction = min(1.0, preprocessing.fraction * size / preprocessing.size)
    return replace(preprocessing, size=size, fraction=fraction)


def ten_views(canvases: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """uint8 [N, B, B, 3] → [N, 10, S, S, 3]: the middle first, then the corners, and all of them mirrored.

    From Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks", section 4.1.
    """
    far = canvases.shape[1] - size
    middle = far // 2
    places = ((middle, middle), (0, 0), (0, far), (far, 0), (far, far))
    crops = np.stack([canvases[:, top : top + size, left : left + size] for top, left in places], axis=1)
    return np.concatenate([crops, crops[:, :, :, ::-1]], axis=1)
