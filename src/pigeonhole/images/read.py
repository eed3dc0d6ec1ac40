"""From the bytes of any picture to uint8 RGB of the model's size, or one sentence that says why not."""

import threading
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

# Importing a plug-in registers its format; without these, Pillow would import all of its fifty at the first WebP.
from PIL import (
    AvifImagePlugin,
    Image,
    ImageOps,
    MpoImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from pigeonhole.errors import UnreadableError
from pigeonhole.images.colour import to_rgb
from pigeonhole.images.complete import missing_part
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.images.signature import looks_like_heic

__all__ = ["MAX_BYTES", "MAX_PIXELS", "to_square"]

# EPS runs a program and TGA takes any bytes for a picture: neither is on the list. Pillow finds MPO through JPEG.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM")
_REGISTERED = (AvifImagePlugin, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)

MAX_PIXELS = 128_000_000  # a 108-megapixel phone passes, a decompression bomb does not
MAX_BYTES = 256 * 1024 * 1024
LARGE_PIXELS = 24_000_000

_INTERPOLATIONS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# Two pictures at the limit would need more than a gigabyte. A decoder process puts a lock of all processes here.
one_large_at_a_time: AbstractContextManager[object] = threading.Lock()


def to_square(data: bytes, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The part of a picture that the model sees, as uint8 S×S×3, RGB, 0–255, where S is `preprocessing.size`.

    `data` is a whole file: JPEG, MPO, PNG, GIF, BMP, TIFF, WebP, AVIF, PPM, or HEIC where pillow-heif is installed.
    An animation gives its first frame, EXIF orientation is obeyed, transparent parts are white.
    Raises UnreadableError with the reason for anything else, for damage and for more than `MAX_PIXELS` pixels.
    """
    if not data:
        raise UnreadableError("the file is empty")
    try:
        return _read(data, preprocessing)
    except UnreadableError:
        raise
    except MemoryError:
        raise UnreadableError("it needs more memory than there is") from None
    except UnidentifiedImageError:
        raise UnreadableError("it is not a picture of a known format") from None
    except Image.DecompressionBombError:
        raise UnreadableError(f"it has more than {MAX_PIXELS // 1_000_000} megapixels") from None
    except Exception as error:  # Pillow's decoders raise nearly every built-in exception on damaged files
        raise UnreadableError(_reason(error)) from error


def _read(data: bytes, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    with _open(data) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise UnreadableError(
                f"it has {width} × {height} pixels, and the limit is {MAX_PIXELS // 1_000_000} megapixels"
            )
        if missing := missing_part(data, picture):
            raise UnreadableError(missing)
        large = width * height > LARGE_PIXELS
        with one_large_at_a_time if large else nullcontext():
            return _square(picture, preprocessing)


def _open(data: bytes) -> Image.Image:
    if looks_like_heic(data[:12]):
        return _open_heic(data)
    return Image.open(BytesIO(data), formats=FORMATS)


def _open_heic(data: bytes) -> Image.Image:
    try:
        import pillow_heif  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise UnreadableError("HEIC needs the plug-in pillow-heif: pip install 'pigeonhole[heic]'") from None
    pillow_heif.register_heif_opener()
    return Image.open(BytesIO(data), formats=("HEIF",))


def _square(picture: Image.Image, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    size = preprocessing.size
    # JPEG only: the decoder itself scales by 1/2, 1/4 or 1/8 as long as the part we need stays at least `size` wide.
    needed = int(size / preprocessing.fraction) + 1
    picture.draft("RGB", (needed, needed))
    picture.load()
    # Orientation first: an odd margin would otherwise be split differently than in the upright twin.
    upright = ImageOps.exif_transpose(picture)
    rgb = to_rgb(_shrunk(upright, needed))
    square = rgb.resize((size, size), _INTERPOLATIONS[preprocessing.interpolation], preprocessing.box(*rgb.size))
    return np.asarray(square)


def _shrunk(picture: Image.Image, needed: int) -> Image.Image:
    """A large picture by a whole factor smaller, so that its colours are converted in little memory."""
    factor = min(picture.size) // (2 * needed)
    shrinkable = picture.mode in ("L", "RGB", "RGBA", "CMYK", "YCbCr") and "transparency" not in picture.info
    return picture.reduce(factor) if factor > 1 and shrinkable else picture


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return f"it is damaged or cut off ({text})"
