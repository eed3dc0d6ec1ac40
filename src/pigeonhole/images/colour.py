"""Every way a picture can hold its colours → plain RGB."""

import numpy as np
from PIL import Image

_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def to_rgb(picture: Image.Image) -> Image.Image:
    """`picture` in mode RGB: deep ones scaled to 8 bits (Pillow would clip them), transparent parts on white."""
    if picture.mode in _DEEP_MODES:
        picture = _to_eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or float → 8 bits, by the depth that its largest value shows."""
    values = np.asarray(picture, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return Image.fromarray((values * (255 / _white(picture.mode, values))).clip(0, 255).astype(np.uint8))


def _white(mode: str, values: np.ndarray) -> float:
    """The value that stands for white."""
    if mode.startswith("I;16"):
        return 65535.0
    largest = float(values.max(initial=0.0))
    scales = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
    return next((scale for scale in scales if largest <= scale), largest)
