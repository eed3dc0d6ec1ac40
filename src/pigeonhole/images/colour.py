"""Every way a picture can hold its colours → plain RGB."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0


@dataclass(frozen=True, slots=True)
class Levels:
    """The values that stand for black and for white in a grey picture of more than 8 bits."""

    black: float
    white: float


def levels_of(picture: Image.Image) -> Levels | None:
    """The levels of a loaded picture, None if it has 8 bits per colour, which Pillow converts rightly by itself."""
    if picture.mode not in ("I", "F") and not picture.mode.startswith("I;16"):
        return None
    tags = picture.tag_v2 if isinstance(picture, TiffImagePlugin.TiffImageFile) else {}
    white = _white(picture, tags.get(_BITS_PER_SAMPLE, (16,))[0])
    return Levels(white, 0.0) if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else Levels(0.0, white)


def to_rgb(picture: Image.Image, levels: Levels | None) -> Image.Image:
    """`picture`, or a part cut out of it, in mode RGB: deep ones scaled to 8 bits, transparent parts on white."""
    if levels:
        picture = _to_eight_bits(picture, levels)
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


def _white(picture: Image.Image, bits: int) -> float:
    """16-bit pictures use the whole range; those of 32 bits show by their largest value which range they use."""
    if picture.mode.startswith("I;16"):
        return float(2**bits - 1)
    if picture.format == "PPM":
        return 65535.0
    values = np.asarray(picture)
    largest = float(np.max(values, where=np.isfinite(values), initial=0))
    usual = (1.0, 255.0, 65535.0) if picture.mode == "F" else (255.0, 65535.0)
    return next((white for white in usual if largest <= white), largest)


def _to_eight_bits(picture: Image.Image, levels: Levels) -> Image.Image:
    values = np.asarray(picture, dtype=np.float32)
    transparent = values == picture.info.get("transparency")
    values = np.nan_to_num((values - levels.black) * (255 / (levels.white - levels.black)))
    return Image.fromarray(np.where(transparent, 255, np.rint(values).clip(0, 255)).astype(np.uint8))
