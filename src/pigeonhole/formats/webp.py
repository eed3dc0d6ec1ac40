"""WebPs: a RIFF file, which is a row of chunks (four letters, length, content, a byte to make it even)."""

from collections.abc import Iterator
from typing import NamedTuple

from PIL import ExifTags, Image

from pigeonhole.errors import UnreadableError

HEADER = 12
CUT_OFF = "it is cut off: the end of the WebP is missing"
_PIXELS = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF")
_OF_PICTURE = (b"VP8X", b"ANIM", *_PIXELS)
_EXIF, _OTHER_REMARKS = 0x08, 0x24  # the flags in VP8X that promise EXIF, and a colour profile and XMP


class Chunk(NamedTuple):
    """The four letters of a chunk, and where its content begins and ends; `end` may lie behind the end of the file."""

    kind: bytes
    start: int
    end: int


def stated_length(data: bytes) -> int:
    """How long the file says it is, in bytes."""
    return 8 + int.from_bytes(data[4:8], "little")


def chunks(data: bytes) -> Iterator[Chunk]:
    position, end = HEADER, min(stated_length(data), len(data))
    while position + 8 <= end:
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        yield Chunk(data[position : position + 4], position + 8, position + 8 + length)
        position += 8 + length + length % 2


def pixel_chunks(data: bytes) -> list[Chunk]:
    return [chunk for chunk in chunks(data) if chunk.kind in _PIXELS]


def essence(data: bytes) -> bytes:
    """The same picture with nothing but its pixels and its EXIF, if the file ends too early; `data` itself otherwise.

    Raises UnreadableError where it ends before the EXIF says which way up the picture is.
    """
    if len(data) >= stated_length(data):
        return data
    parts, promises_exif, has_exif = [], False, False
    for kind, start, end in chunks(data):
        content = data[start:end]
        if kind == b"VP8X" and content:
            promises_exif = bool(content[0] & _EXIF)
            content = bytes((content[0] & ~_OTHER_REMARKS,)) + content[1:]
        if kind == b"EXIF":
            has_exif = end <= len(data) or _orientation(content) is not None
            content = content.ljust(end - start, b"\0")
        elif kind not in _OF_PICTURE:
            continue
        elif end > len(data):
            raise UnreadableError(CUT_OFF)
        parts.append(kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2))
    if promises_exif and not has_exif:
        raise UnreadableError(CUT_OFF)
    whole = b"".join(parts)
    return b"RIFF" + (4 + len(whole)).to_bytes(4, "little") + b"WEBP" + whole


def _orientation(exif: bytes) -> object:
    known = Image.Exif()
    try:
        known.load(exif)
        return known.get(ExifTags.Base.Orientation)
    except Exception:  # it is cut off
        return None
