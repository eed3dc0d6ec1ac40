"""Whether a file is all there.

Pillow fills what is missing from a BMP, TIFF, WebP, PNG or GIF with zeros and says nothing, so "it decodes" is no
proof. Each format tells by its own means where it ends; a JPEG needs no check, because Pillow refuses a cut one.
"""

import struct
import zlib
from collections.abc import Callable

from PIL import Image


def missing_part(data: bytes, picture: Image.Image) -> str | None:
    """What is missing or wrong in `data`, of which Pillow opened `picture` (not yet loaded); None if all is there."""
    check = _CHECKS.get(picture.format or "")
    return check(data, picture) if check else None


def _png(data: bytes, picture: Image.Image) -> str | None:
    position = 8
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        kind = data[position + 4 : position + 8]
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != checksum:
            return "it is damaged (a PNG checksum is wrong)"
        if kind == b"IEND":
            return None
        position = end
    return "it is cut off (the end of the PNG is missing)"


def _gif(data: bytes, picture: Image.Image) -> str | None:
    # Some writers pad behind the trailer.
    return None if data.rstrip(b"\0").endswith(b"\x3b") else "it is cut off (the end of the GIF is missing)"


def _webp(data: bytes, picture: Image.Image) -> str | None:
    (length,) = struct.unpack_from("<I", data, 4)
    return None if len(data) >= length + 8 else "it is cut off (the end of the WebP is missing)"


def _bmp(data: bytes, picture: Image.Image) -> str | None:
    (pixels_at,) = struct.unpack_from("<I", data, 10)
    (header,) = struct.unpack_from("<I", data, 14)
    if header < 40:
        width, height, depth, compression = *struct.unpack_from("<HH", data, 18), *struct.unpack_from("<H", data, 24), 0
    else:
        width, height, _planes, depth, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression in (1, 2):  # run lengths: only the decoder knows where they end
        return None
    row = (abs(width) * depth + 31) // 32 * 4
    return (
        None if len(data) >= pixels_at + row * abs(height) else "it is cut off (the last rows of the BMP are missing)"
    )


def _tiff(data: bytes, picture: Image.Image) -> str | None:
    tags = picture.tag_v2  # type: ignore[attr-defined]
    for offsets, counts in ((273, 279), (324, 325)):  # strips, tiles
        starts, lengths = tags.get(offsets, ()), tags.get(counts, ())
        if any(start + length > len(data) for start, length in zip(starts, lengths, strict=False)):
            return "it is cut off (parts of the TIFF are missing)"
    return None


def _boxes(data: bytes, picture: Image.Image) -> str | None:
    """AVIF and HEIC are a row of boxes, each of which begins with its length."""
    position = 0
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        if length == 0:  # to the end of the file
            return None
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, position + 8)
        position += max(length, 8)
    return None if position == len(data) else "it is cut off (a part of the file is missing)"


def _portable_map(data: bytes, picture: Image.Image) -> str | None:
    width, height = picture.size
    match data[:2]:
        case b"P4":
            row = -(-width // 8)
        case b"P5":
            row = width
        case b"P6":
            row = 3 * width
        case _:  # written in digits: the decoder notices
            return None
    return None if len(data) > row * height else "it is cut off (the last rows are missing)"


_CHECKS: dict[str, Callable[[bytes, Image.Image], str | None]] = {
    "PNG": _png,
    "GIF": _gif,
    "WEBP": _webp,
    "BMP": _bmp,
    "TIFF": _tiff,
    "AVIF": _boxes,
    "HEIF": _boxes,
    "PPM": _portable_map,
}
