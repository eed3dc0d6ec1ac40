"""Every way a decoded picture can hold its colours → plain RGB."""

import numpy as np
from PIL import Image, ImageFile

WHITE_OF_16_BITS = 65535


def is_deep(picture: Image.Image) -> bool:
    """Whether a loaded picture is grey of 16 bits; everything else that Pillow decodes has 8, or is scaled to them."""
    return picture.mode == "I" or picture.mode.startswith("I;16")


def to_rgb(picture: Image.Image) -> Image.Image:
    """`picture`, or a part cut out of it, in mode RGB: deep ones scaled to 8 bits, transparent parts on white."""
    if is_deep(picture):
        picture = _to_eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def set_transparent_colour(picture: ImageFile.ImageFile) -> None:
    """Pillow scales the pixels of a PNG to 8 bits but not its transparent colour. To be called before loading."""
    colour, layout = picture.info.get("transparency"), picture.tile[0].args if picture.tile else None
    if layout == "RGB;16B" and isinstance(colour, tuple):
        picture.info["transparency"] = tuple(value >> 8 for value in colour)
    elif layout in ("L;2", "L;4") and isinstance(colour, int):
        picture.info["transparency"] = colour * (85 if layout == "L;2" else 17)


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture, dtype=np.float32)
    transparent = values == picture.info.get("transparency")
    scaled = np.rint(values * (255 / WHITE_OF_16_BITS)).clip(0, 255)
    return Image.fromarray(np.where(transparent, 255, scaled).astype(np.uint8))
