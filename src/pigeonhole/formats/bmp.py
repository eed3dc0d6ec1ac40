"""BMPs that Pillow refuses or shows wrongly: with masks of their own, with alpha, with few of their colours used."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.errors import UnreadableError
from pigeonhole.formats.colour import to_rgb

CUT_OFF = "it is cut off: the end of the BMP is missing"
BAND_PIXELS = 1_000_000

_MASKS, _MASKS_WITH_ALPHA = 3, 6
_OS2_HEADER = 64
_FOR_PILLOW = {  # depth → masks of red, green and blue that it knows, if there is no alpha
    16: ((0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)),
    32: ((0xFF0000, 0xFF00, 0xFF), (0xFF000000, 0xFF0000, 0xFF00), (0xFF000000, 0xFF00, 0xFF)),
}
_COLOURS_USED = slice(46, 50)


@dataclass(frozen=True, slots=True)
class MaskedBmp:
    """A BMP whose pixels are whole numbers of `depth` bits, in which `masks` tell red, green, blue and alpha."""

    width: int
    height: int
    depth: int
    masks: tuple[int, int, int, int]
    start: int
    top_down: bool

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def masked_bmp(data: bytes) -> MaskedBmp | None:
    """What `data` says of itself, None where it has no masks or where Pillow knows them."""
    try:
        (start,) = struct.unpack_from("<L", data, 10)
        header, width, height, _, depth, packing = struct.unpack_from("<LllHHL", data, 14)
        has_alpha = packing == _MASKS_WITH_ALPHA or header >= 56
        masks = struct.unpack_from("<LLLL" if has_alpha else "<LLL", data, 54) + (() if has_alpha else (0,))
    except struct.error:
        return None
    if header in (12, _OS2_HEADER) or packing not in (_MASKS, _MASKS_WITH_ALPHA) or depth not in _FOR_PILLOW:
        return None
    if masks[:3] in _FOR_PILLOW[depth] and not masks[3]:
        return None
    return MaskedBmp(width, abs(height), depth, masks, start or 14 + header, top_down=height < 0)


def decoded_bmp(data: bytes, bmp: MaskedBmp) -> Image.Image:
    """The picture in mode RGB, transparent parts on white. One that is transparent everywhere is meant to be opaque."""
    if bmp.width <= 0 or not all(bmp.masks[:3]):
        raise UnreadableError("this sort of BMP cannot be read here")
    rows = _rows(data, bmp)
    step = max(1, BAND_PIXELS // bmp.width)
    opaque = not any((rows[top : top + step] & bmp.masks[3]).any() for top in range(0, bmp.height, step))
    masks = bmp.masks[:3] if opaque else bmp.masks
    picture = Image.new("RGB", bmp.size)
    for top in range(0, bmp.height, step):
        band = rows[top : top + step]
        picture.paste(to_rgb(Image.fromarray(np.dstack([_colour(band, mask) for mask in masks]))), (0, top))
    return picture


def prepared(data: bytes) -> bytes:
    """The same picture so that Pillow reads it rightly.

    Pillow takes a palette of two colours, black and white, for one bit a pixel, whatever the depth is; and it wants the
    bytes that fill up the last row.
    """
    if len(data) < 54 or data[14] == 12:
        return data
    (start,) = struct.unpack_from("<L", data, 10)
    width, height, _, depth, packing = struct.unpack_from("<llHHL", data, 18)
    if depth in (2, 4, 8) and any(data[_COLOURS_USED]):
        data = data[: _COLOURS_USED.start] + bytes(4) + data[_COLOURS_USED.stop :]
    row_bytes = _row_bytes(width, depth)
    missing, filling = start + abs(height) * row_bytes - len(data), row_bytes - -(-width * depth // 8)
    return data + bytes(missing) if packing in (0, _MASKS) and 0 < missing <= filling else data


def _row_bytes(width: int, depth: int) -> int:
    return -(-width * depth // 32) * 4


def _rows(data: bytes, bmp: MaskedBmp) -> NDArray[np.uint32] | NDArray[np.uint16]:
    """[height, width] whole numbers, the top row first."""
    row_bytes = _row_bytes(bmp.width, bmp.depth)
    needed = row_bytes * (bmp.height - 1) + bmp.width * bmp.depth // 8
    stored: bytes | memoryview = memoryview(data)[bmp.start : bmp.start + row_bytes * bmp.height]
    if len(stored) < needed:
        raise UnreadableError(CUT_OFF)
    if len(stored) < row_bytes * bmp.height:
        stored = bytes(stored).ljust(row_bytes * bmp.height, b"\0")
    numbers = np.frombuffer(stored, f"<u{bmp.depth // 8}")
    rows = numbers.reshape(bmp.height, -1)[:, : bmp.width]
    return rows if bmp.top_down else rows[::-1]


def _colour(numbers: NDArray[np.uint32] | NDArray[np.uint16], mask: int) -> NDArray[np.uint8]:
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    colour: NDArray[np.uint8] = np.rint((numbers & mask) // (1 << shift) * (255 / most)).astype(np.uint8)
    return colour
