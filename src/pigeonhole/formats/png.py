"""PNGs: a row of chunks (length, four letters, content, checksum), and plain ones decoded by igzip and libspng.

A picture is judged by the chunks that its pixels depend on. What else a file says, of which many programs write it
wrongly, is left out before a decoder sees it. igzip inflates three times as quickly as zlib, and libspng undoes the
filters twice as quickly as Pillow. The pixels are the same.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import pyspng
from isal import isal_zlib
from isal.igzip_lib import IsalError
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngImageFile

from pigeonhole.errors import UnreadableError

MOST_PIXELS = 24_000_000  # the pixels exist twice for a moment
MOST_STORED = 32_000_000  # bytes of pixels, which exist four times for a moment
MOST_REMARKS = 16_000_000  # bytes of an unpacked remark
SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_END = 33  # the signature and the chunk of width, height and layout

CUT_OFF = "it is cut off: the end of the PNG is missing"
DAMAGED = "it is damaged: a checksum in the PNG is wrong"
APPLES = "it is a PNG as Apple packs it into its programs (CgBI), which cannot be read here"

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_SAMPLES = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGBA: 4}
# The passes of Adam7: first column and row, steps between columns and rows.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_PROFILES = (b"Raw profile type exif\0", b"Raw profile type APP1\0")  # ImageMagick's way to keep EXIF
_XMP = b"XML:com.adobe.xmp\0"


class Chunk(NamedTuple):
    """The four letters of a chunk, and where its content begins and ends in the file."""

    kind: bytes
    start: int
    end: int


def chunks(data: bytes) -> Iterator[Chunk]:
    """Every chunk that is all there."""
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4])
        if end + 4 > len(data):
            return
        yield Chunk(data[position + 4 : position + 8], position + 8, end)
        position = end + 4


def essence(data: bytes) -> bytes:
    """The same picture with nothing but its pixels and which way up they are; `data` itself if that is all it has.

    Raises UnreadableError where one of the chunks that the pixels depend on is damaged or missing. A file whose pixels
    are all there may lack its end.
    """
    everything = list(chunks(data))
    end = next((number for number, chunk in enumerate(everything) if chunk.kind == b"IEND"), None)
    body = everything[:end]
    if body and body[0].kind == b"CgBI":
        raise UnreadableError(APPLES)
    needed = _needed(data, body)
    if not all(_is_sound(data, chunk) for chunk in needed):
        raise UnreadableError(DAMAGED)
    orientation = _orientation(data, body)
    if end is not None and len(needed) == len(body) and orientation == 1:
        return data
    parts = [data[chunk.start - 8 : chunk.end + 4] for chunk in needed]
    if end is None:
        parts += _last_piece(data, body, needed)
    if orientation != 1:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        parts.insert(1, _chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")))
    return b"".join((SIGNATURE, *parts, _chunk(b"IEND", b"")))


def plain_png(data: bytes, picture: PngImageFile) -> Image.Image | None:
    """The pixels of the `essence` of a file, upright; None where Pillow, which opened it as `picture`, has to.

    That is a file with anything but eight bits of RGB, with or without alpha, one that is turned, and one that libspng
    finds fault with: Pillow shall say what it is, and whether that is a reason to refuse it.
    """
    layout = picture.tile[0].args if picture.tile else None
    if layout not in ("RGB", "RGBA") or "transparency" in picture.info or picture.width * picture.height > MOST_PIXELS:
        return None
    if "exif" in picture.info:
        return None
    try:
        return Image.fromarray(pyspng.load(_stored(data, picture, len(layout)), layout))
    except RuntimeError:  # its only exception
        return None


# --- which chunks matter


def _needed(data: bytes, everything: list[Chunk]) -> list[Chunk]:
    """Those that the pixels depend on, of the chunks before the end."""
    header = everything[0] if everything and everything[0].kind == b"IHDR" else None
    if header is None or header.end - header.start != 13:
        raise UnreadableError("it is damaged: the PNG does not begin with its header")
    colour = data[header.start + 9]
    first = next((number for number, chunk in enumerate(everything) if chunk.kind == b"IDAT"), len(everything))
    palettes = [chunk for chunk in everything[:first] if chunk.kind == b"PLTE"][:1] if colour == _PALETTE else []
    colours = (palettes[0].end - palettes[0].start) // 3 if palettes else 0
    transparent = [chunk for chunk in everything[:first] if chunk.kind == b"tRNS" and _fits(chunk, colour, colours)][:1]
    pixels = [chunk for chunk in everything[first:] if chunk.kind == b"IDAT"]
    return [header, *palettes, *transparent, *pixels]


def _fits(transparent: Chunk, colour: int, colours: int) -> bool:
    """One of another length says nothing."""
    length = transparent.end - transparent.start
    return {_GREY: length == 2, _RGB: length == 6, _PALETTE: 0 < length <= colours}.get(colour, False)


def _is_sound(data: bytes, chunk: Chunk) -> bool:
    checksum = int.from_bytes(data[chunk.end : chunk.end + 4])
    return bool(isal_zlib.crc32(memoryview(data)[chunk.start - 4 : chunk.end]) == checksum)


# --- a file that lacks its end


def _last_piece(data: bytes, body: list[Chunk], needed: list[Chunk]) -> list[bytes]:
    """What there is of a last piece of pixels. Raises UnreadableError where some of them are missing."""
    position = body[-1].end + 4
    cut = data[position + 4 : position + 8]
    last = data[position + 8 :] if cut == b"IDAT" else b""
    unpacker, unpacked = isal_zlib.decompressobj(), 0
    expected = _unpacked_size(data[needed[0].start : needed[0].end])
    for piece in (*(data[chunk.start : chunk.end] for chunk in needed if chunk.kind == b"IDAT"), last):
        rest = piece
        while rest and unpacked < expected:
            unpacked += len(unpacker.decompress(rest, 1_000_000))
            rest = unpacker.unconsumed_tail
    if unpacked < expected or cut == b"fdAT" or _lacks_frames(data, body):
        raise UnreadableError(CUT_OFF)
    return [_chunk(b"IDAT", last)] if last else []


def _lacks_frames(data: bytes, body: list[Chunk]) -> bool:
    """Whether an animation has fewer frames than it promises."""
    promises = [int.from_bytes(data[chunk.start : chunk.start + 4]) for chunk in body if chunk.kind == b"acTL"]
    frames = sum(chunk.kind == b"fcTL" for chunk in body) - (body[-1].kind == b"fcTL")
    return bool(promises) and frames < promises[0]


def _unpacked_size(header: bytes) -> int:
    """How many bytes the rows of a picture have, each with the number of its filter."""
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    bits = header[8] * _SAMPLES.get(header[9], 1)
    passes = _PASSES if header[12] else ((0, 0, 1, 1),)
    size = 0
    for left, top, across, down in passes:
        columns, rows = -(-max(0, width - left) // across), -(-max(0, height - top) // down)
        size += rows * (1 + -(-columns * bits // 8)) if columns else 0
    return size


# --- which way up


def _orientation(data: bytes, body: list[Chunk]) -> int:
    """As EXIF counts them, 1 to 8; 1 where nothing that is sound says otherwise."""
    remarks = [chunk for chunk in body if chunk.kind == b"eXIf" or _may_tell(data, chunk)]
    for chunk in sorted(remarks, key=lambda chunk: chunk.kind != b"eXIf"):
        if _is_sound(data, chunk) and (found := _told(chunk.kind, data[chunk.start : chunk.end])):
            return found
    return 1


def _may_tell(data: bytes, chunk: Chunk) -> bool:
    return chunk.kind in _TEXTS and data.startswith((*_PROFILES, _XMP), chunk.start)


def _told(kind: bytes, content: bytes) -> int | None:
    if kind == b"eXIf":
        return _in_exif(content)
    keyword, text = _text(kind, content)
    return _in_xmp(text) if keyword + b"\0" == _XMP else _in_profile(text)


def _text(kind: bytes, content: bytes) -> tuple[bytes, bytes]:
    """Keyword and text of a remark; the text is empty where it is damaged or too long."""
    keyword, _, text = content.partition(b"\0")
    packed = kind == b"zTXt"
    if kind == b"zTXt":
        text = text[1:]
    elif kind == b"iTXt":
        packed = text[:1] == b"\1"
        text = text[2:].split(b"\0", 2)[-1]
    if packed:
        try:
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(text, MOST_REMARKS)
        except zlib.error:
            return keyword, b""
    return keyword, text


def _in_profile(text: bytes) -> int | None:
    """Behind three lines, hexadecimal."""
    try:
        return _in_exif(bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii")))
    except ValueError:
        return None


def _in_exif(content: bytes) -> int | None:
    exif = Image.Exif()
    try:
        exif.load(content)
        return _valid(exif.get(ExifTags.Base.Orientation))
    except Exception:  # broken remarks are no reason to refuse sound pixels
        return None


def _in_xmp(text: bytes) -> int | None:
    found = re.search(rb"""tiff:Orientation(?:\s*=\s*["']|>)\s*([0-9])""", text)
    return _valid(int(found[1])) if found else None


def _valid(orientation: object) -> int | None:
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None


# --- decoded quickly


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
