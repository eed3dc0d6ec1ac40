"""PNGs: a row of chunks (length, four letters, content, checksum), and plain ones decoded by libspng.

libspng undoes their filters twice as quickly as Pillow and gives the same pixels.
"""

from collections.abc import Iterator

import pyspng
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

MOST_PIXELS = 24_000_000  # the pixels exist twice for a moment
REMARKS = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")
ORIENTATIONS = (b"Raw profile type", b"XML:com.adobe.xmp")  # how texts begin that may say how the camera was held


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The letters of each chunk and where its content begins and ends, of those that are all there."""
    position = 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4])
        if end + 4 > len(data):
            return
        yield data[position + 4 : position + 8], position + 8, end
        position = end + 4


def may_be_turned(data: bytes) -> bool:
    """Whether the file may say that it is to be shown another way up than it is stored."""
    remarks = ((kind, start) for kind, start, _ in chunks(data) if kind in REMARKS)
    return any(kind == b"eXIf" or data.startswith(ORIENTATIONS, start) for kind, start in remarks)


def plain_png(data: bytes, picture: PngImageFile) -> Image.Image | None:
    """The pixels of a whole file `data`, upright; None where Pillow, which opened it as `picture`, has to.

    That is a file with anything but eight bits of RGB, with or without alpha, one that may be turned, and one that
    libspng finds fault with: Pillow shall say what it is, and whether that is a reason to refuse it.
    """
    layout = picture.tile[0].args if picture.tile else None
    if layout not in ("RGB", "RGBA") or "transparency" in picture.info or picture.width * picture.height > MOST_PIXELS:
        return None
    if may_be_turned(data):
        return None
    try:
        return Image.fromarray(pyspng.load(data, layout))
    except RuntimeError:  # its only exception
        return None
