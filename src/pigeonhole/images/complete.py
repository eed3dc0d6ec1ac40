"""Whether a file is all there, as far as its decoder would not notice.

Pillow refuses most files that are cut off, but it looks no further than the first frame, overlooks a missing last byte
of a PNG, GIF or BMP and checks no checksums of pixels. Some copying programs make a file in its full length and fill
it from the front: what they have not written yet is zeros, which WebP, AVIF and HEIC decoders take for pixels.
"""

from collections.abc import Callable

from isal import isal_zlib
from PIL import ImageFile, TiffImagePlugin

from pigeonhole.images.png import chunks

CUT_OFF = "it is cut off: the end of the {} is missing"
_DAMAGED = "it is damaged: a checksum in the {} is wrong"
_UNFILLED = "it is not complete: the end of the {} is empty"

# The boxes that make up an AVIF or HEIC; what follows them, if anything, was appended by a camera for its own use.
_BOXES = (b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"idat", b"free", b"skip", b"uuid")
_STRIPS, _TILES = (273, 279), (324, 325)  # the TIFF tags of offsets and of lengths


def missing_part(kind: str, data: bytes, picture: ImageFile.ImageFile) -> str | None:
    """What is missing or wrong in `data`, of which Pillow opened `picture` (not yet loaded); None if all is there."""
    check = _CHECKS.get(kind)
    problem = check(data, picture) if check else None
    return problem.format(kind) if problem else None


def _png(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    for kind, start, end in chunks(data):
        # A small first letter marks what a reader may ignore: remarks, dates, colour profiles.
        checksum = int.from_bytes(data[end : end + 4])
        if kind[:1].isupper() and isal_zlib.crc32(memoryview(data)[start - 4 : end]) != checksum:
            return _DAMAGED
        if kind == b"IEND":
            return None
    return CUT_OFF


def _gif(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    """A GIF is a header, a palette and a row of blocks, the last of which is a semicolon."""
    try:
        position = 13 + _palette_length(data[10])
        while data[position] != 0x3B:
            match data[position]:
                case 0x21:  # extension: its kind, then its content
                    position = _after_content(data, position + 2)
                case 0x2C:  # frame: place and size, palette, number of bits, then its content
                    position = _after_content(data, position + 11 + _palette_length(data[position + 9]))
                case _:  # some writers put zeros between the blocks
                    position += 1
    except IndexError:
        return CUT_OFF
    return None


def _palette_length(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_content(data: bytes, position: int) -> int:
    """Content is a row of pieces, each behind its length, up to one without length."""
    while length := data[position]:
        position += 1 + length
    return position + 1


def _bmp(data: bytes, picture: ImageFile.ImageFile) -> str | None:
    decoder, _, offset, arguments = picture.tile[0]
    if decoder != "raw" or not isinstance(arguments, tuple):  # run lengths: only the decoder knows where they end
        return None
    return None if len(data) >= offset + arguments[1] * picture.height else CUT_OFF


def _tiff(data: bytes, picture: ImageFile.ImageFile) -> str | None:
    """Only for compressed ones, where libtiff would notice too, but print about it; others may state false lengths."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile) or picture.info.get("compression") == "raw":
        return None
    for offsets, lengths in (_STRIPS, _TILES):
        pairs = zip(picture.tag_v2.get(offsets, ()), picture.tag_v2.get(lengths, ()), strict=False)
        if any(offset + length > len(data) for offset, length in pairs):
            return CUT_OFF
    return None


def _webp(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    return _unfilled(data, 8 + int.from_bytes(data[4:8], "little"))


def _boxes(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    """AVIF and HEIC are rows of boxes, each of which begins with its length and four letters; pixels are in mdat."""
    position = pixels_end = 0
    while (kind := data[position + 4 : position + 8]) in _BOXES:
        length = int.from_bytes(data[position : position + 4])
        if length == 0:
            length = len(data) - position
        elif length == 1:
            length = int.from_bytes(data[position + 8 : position + 16])
        position += max(length, 8)
        if position > len(data):
            return CUT_OFF
        if kind == b"mdat":
            pixels_end = position
    return _unfilled(data, pixels_end)


def _unfilled(data: bytes, end: int) -> str | None:
    last = end // 4
    return _UNFILLED if last and data.count(0, end - last, end) == last else None


_CHECKS: dict[str, Callable[[bytes, ImageFile.ImageFile], str | None]] = {
    "PNG": _png,
    "GIF": _gif,
    "BMP": _bmp,
    "TIFF": _tiff,
    "WebP": _webp,
    "AVIF": _boxes,
    "HEIC": _boxes,
}
