"""PNGs: a row of chunks (length, four letters, content, checksum), and plain ones decoded by igzip and libspng.

igzip inflates three times as quickly as zlib, and libspng undoes the filters twice as quickly as Pillow. The pixels are
the same.
"""

import zlib
from collections.abc import Iterator

import pyspng
from isal import isal_zlib
from isal.igzip_lib import IsalError
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

MOST_PIXELS = 24_000_000  # the pixels exist twice for a moment
MOST_STORED = 32_000_000  # bytes of pixels, which exist four times for a moment
HEADER_END = 33  # the signature and the chunk of width, height and layout
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
        return Image.fromarray(pyspng.load(_stored(data, picture, len(layout)), layout))
    except RuntimeError:  # its only exception
        return None


def _stored(data: bytes, picture: PngImageFile, channels: int) -> bytes:
    """The same picture in a PNG that is not compressed, so that libspng, whose zlib is slow, has nothing to inflate.

    `data` itself where that does not pay: a large picture, one whose rows come in several passes, a damaged one.
    """
    expected = picture.height * (1 + picture.width * channels)  # each row begins with the number of its filter
    if expected > MOST_STORED or picture.info.get("interlace"):
        return data
    try:
        packed = b"".join(data[start:end] for kind, start, end in chunks(data) if kind == b"IDAT")
        rows = isal_zlib.decompressobj().decompress(packed, expected + 1)
    except IsalError:  # type: ignore[misc]  # its stubs have an instance where the class is
        return data
    if len(rows) != expected:
        return data
    return b"".join((data[:HEADER_END], _chunk(b"IDAT", zlib.compress(rows, level=0)), _chunk(b"IEND", b"")))


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = isal_zlib.crc32(content, isal_zlib.crc32(kind))
    return b"".join((len(content).to_bytes(4), kind, content, checksum.to_bytes(4)))
