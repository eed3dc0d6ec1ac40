"""From the bytes of any picture to uint8 RGB of the model's size, or one sentence that says why not."""

import math
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.errors import UnreadableError
from pigeonhole.formats.colour import to_rgb
from pigeonhole.formats.complete import CUT_OFF
from pigeonhole.formats.signature import kind_of
from pigeonhole.images.preprocessing import FILL, Box, Preprocessing
from pigeonhole.images.stored import Pixels, StoredPicture, open_picture

__all__ = ["MAX_PIXELS", "to_square", "upright_size"]

MAX_PIXELS = 128_000_000  # a 108-megapixel phone passes, a decompression bomb does not
LARGE_PIXELS = 24_000_000
BAND_PIXELS = 2_000_000
MAX_EDGE = 1_000_000
# Of formats whose decoders hold a picture several times; all stay below a gigabyte.
_FEWER_PIXELS = {"WebP": 48_000_000, "AVIF": 80_000_000, "HEIC": 80_000_000}
LYING = 5  # from this orientation on, width and height of what is stored change places

_INTERPOLATIONS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Two pictures at the limit would need more than a gigabyte.
_ONE_LARGE_AT_A_TIME = threading.Lock()


def to_square(
    data: bytes,
    preprocessing: Preprocessing,
    large_turn: AbstractContextManager[object] = _ONE_LARGE_AT_A_TIME,
    part: tuple[int, int, int, int] | None = None,
) -> NDArray[np.uint8]:
    """The part of a picture that the model sees, as uint8 S×S×3, RGB, 0–255, where S is `preprocessing.size`.

    `data` is a whole file: JPEG, MPO, PNG, GIF, BMP, TIFF, WebP, AVIF, PPM, or HEIC where pillow-heif is installed.
    An animation gives its first frame, EXIF orientation is obeyed, transparent parts are white.
    `large_turn` is held while a picture of more than `LARGE_PIXELS` pixels is decoded. `part`, left, top, right and
    bottom in pixels of the upright picture, is treated as if it were the picture; None: all of it is.
    Raises UnreadableError with the reason for anything else, for damage and for more than `MAX_PIXELS` pixels (fewer
    for WebP, AVIF and HEIC).
    """
    with _refusing(kind := _kind(data)), open_picture(kind, data) as stored:
        width, height = stored.size
        _check_size(kind, width, height)
        with large_turn if width * height > LARGE_PIXELS else nullcontext():
            upright = (height, width) if stored.orientation >= LYING else (width, height)
            part = part or (0, 0, *upright)
            return _seen(stored.decode(_wanted(stored, preprocessing, part)), stored, preprocessing, part)


def upright_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as a viewer shows the picture, from its header alone. Raises UnreadableError."""
    with _refusing(kind := _kind(data)), open_picture(kind, data) as stored:
        width, height = stored.size
        return (height, width) if stored.orientation >= LYING else (width, height)


def _kind(data: bytes) -> str:
    if not data:
        raise UnreadableError("the file is empty")
    kind = kind_of(data)
    if kind is None:
        raise UnreadableError("it is not a picture of a format that can be read here")
    return kind


@contextmanager
def _refusing(kind: str) -> Iterator[None]:
    """Turns whatever goes wrong with a file of the format `kind` into an UnreadableError."""
    try:
        yield
    except UnreadableError:
        raise
    except MemoryError:
        raise UnreadableError("it needs more memory than there is") from None
    except Image.DecompressionBombError:
        raise UnreadableError(f"it has more than {MAX_PIXELS // 1_000_000} megapixels") from None
    except Exception as error:  # Pillow's decoders raise nearly every built-in exception on damaged files
        raise UnreadableError(_reason(kind, error)) from error


def _check_size(kind: str, width: int, height: int) -> None:
    limit = _FEWER_PIXELS.get(kind, MAX_PIXELS)
    if width * height > limit:
        raise UnreadableError(f"it has {width} × {height} pixels, and the limit is {limit // 1_000_000} megapixels")
    if max(width, height) > MAX_EDGE:  # each row costs memory of its own
        raise UnreadableError(f"it has {width} × {height} pixels, and the limit is {MAX_EDGE:,} for an edge")


def _wanted(stored: StoredPicture, preprocessing: Preprocessing, part: tuple[int, int, int, int]) -> tuple[int, int]:
    """Width and height of the whole of a picture, as it is stored, of which the `part` is as large as it is wanted."""
    across, down = preprocessing.scaled(part[2] - part[0], part[3] - part[1])
    if stored.orientation >= LYING:
        across, down, part = down, across, (part[1], part[0], part[3], part[2])
    width, height = stored.size
    return math.ceil(across * width / (part[2] - part[0])), math.ceil(down * height / (part[3] - part[1]))


def _seen(
    pixels: Pixels, stored: StoredPicture, preprocessing: Preprocessing, part: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """What the model sees of a `part` of a decoded picture."""
    (width, height), orientation = stored.size, stored.orientation
    lying = orientation >= LYING
    part_size = part[2] - part[0], part[3] - part[1]
    across, down = preprocessing.seen(*part_size)
    left, top, right, bottom = preprocessing.box(*part_size)
    upright = left + part[0], top + part[1], right + part[0], bottom + part[1]
    box = _scaled(_as_stored(upright, orientation, width, height), pixels.times)
    resized = _resized(pixels.picture, box, (down, across) if lying else (across, down), preprocessing)
    turn = _UPRIGHT.get(orientation)
    return np.asarray(_framed(resized.transpose(turn) if turn is not None else resized, preprocessing.size))


def _resized(picture: Image.Image, box: Box, size: tuple[int, int], preprocessing: Preprocessing) -> Image.Image:
    """The `box` of a loaded picture in RGB, scaled to `size` (width, height).

    A large picture is first averaged over whole pixels, to at least twice the size that is wanted.
    """
    interpolation = _INTERPOLATIONS[preprocessing.interpolation]
    edges = box[2] - box[0], box[3] - box[1]
    factor = max(1, min(int(edge) // (2 * pixels) for edge, pixels in zip(edges, size, strict=True)))
    plain = picture.mode == "RGB" and not picture.has_transparency_data
    if plain and factor == 1:
        return picture.resize(size, interpolation, box)
    margin = 2 * math.ceil(max(edge / pixels for edge, pixels in zip(edges, size, strict=True)))
    window = _window(box, picture.size, margin)
    left, top = window[:2]
    inside = _scaled((box[0] - left, box[1] - top, box[2] - left, box[3] - top), factor)
    part = picture.reduce(factor, window) if plain else _part(picture, window, factor)
    return part.resize(size, interpolation, inside)


def _framed(picture: Image.Image, size: int) -> Image.Image:
    """In the middle of a square of `size` × `size`, which it usually is itself."""
    if picture.size == (size, size):
        return picture
    square = Image.new("RGB", (size, size), FILL)
    square.paste(picture, ((size - picture.width) // 2, (size - picture.height) // 2))
    return square


def _as_stored(box: Box, orientation: int, width: int, height: int) -> Box:
    """Where a box of the upright picture lies in the picture of `width` × `height` pixels as it is stored."""
    left, top, right, bottom = box
    if orientation in (5, 6, 7, 8):
        left, top, right, bottom = top, left, bottom, right
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def _scaled(box: Box, times: int) -> Box:
    return box[0] / times, box[1] / times, box[2] / times, box[3] / times


def _window(box: Box, size: tuple[int, int], margin: int) -> tuple[int, int, int, int]:
    """The whole pixels that scaling `box` looks at: `margin` more on each side, for the interpolation's filter."""
    left, top = max(0, math.floor(box[0]) - margin), max(0, math.floor(box[1]) - margin)
    right, bottom = min(size[0], math.ceil(box[2]) + margin), min(size[1], math.ceil(box[3]) + margin)
    return left, top, right, bottom


def _part(picture: Image.Image, window: tuple[int, int, int, int], factor: int) -> Image.Image:
    """The `window` of a loaded picture in RGB, each edge `factor` times shorter.

    It goes from band to band, because colours are converted in copies, and a copy of a large picture is large.
    """
    left, top, right, bottom = window
    part = Image.new("RGB", (math.ceil((right - left) / factor), math.ceil((bottom - top) / factor)))
    rows = max(1, BAND_PIXELS // (right - left) // factor) * factor
    for start in range(top, bottom, rows):
        band = to_rgb(picture.crop((left, start, right, min(start + rows, bottom))))
        part.paste(band.reduce(factor), (0, (start - top) // factor))
    return part


def _reason(kind: str, error: Exception) -> str:
    """Pillow's words are for programmers; they stay with the exception as its cause."""
    words = str(error).lower()
    if "truncated" in words or "end of file" in words or "not enough" in words:
        return CUT_OFF.format(kind)
    if isinstance(error, NotImplementedError) or "unsupported" in words or "not supported" in words:
        return f"this sort of {kind} cannot be read here"
    return f"it is damaged or cut off: its beginning says {kind}, the rest makes no sense"
