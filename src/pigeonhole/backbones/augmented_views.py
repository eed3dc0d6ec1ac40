"""Augmented views of a training picture: the same ones each time, so that their features can be kept."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

PLAIN = 0  # the view that the model will see of new pictures
AREA = (0.4, 1.0)  # of the canvas
ASPECT = 4 / 3  # at most, either way
JITTER = 0.2  # brightness, contrast and colour, either way


def view_of(pixels: NDArray[np.uint8], size: int, sha256: str, view: int) -> NDArray[np.uint8]:
    """View number `view` of the picture with the digest `sha256`, uint8 [S, S, 3] with S = `size`.

    `pixels` is the picture itself for PLAIN, else its canvas [B, B, 3]: a random part of it, scaled (Szegedy et al.
    2015, arXiv 1409.4842, section 6), mirrored by chance, with slightly other light and colours.
    """
    if view == PLAIN:
        return pixels
    chance = np.random.default_rng([int(sha256[:16], 16), view])
    picture = Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR, _part(pixels.shape[0], chance))
    if chance.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhance(picture).enhance(chance.uniform(1 - JITTER, 1 + JITTER))
    return np.asarray(picture)


def _part(side: int, chance: np.random.Generator) -> tuple[float, float, float, float]:
    """A random box in a square of `side` × `side`."""
    area = chance.uniform(*AREA) * side * side
    aspect = np.exp(chance.uniform(-np.log(ASPECT), np.log(ASPECT)))
    width, height = min(side, np.sqrt(area * aspect)), min(side, np.sqrt(area / aspect))
    left, top = chance.uniform(0, side - width), chance.uniform(0, side - height)
    return left, top, left + width, top + height
