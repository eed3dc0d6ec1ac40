"""The samples of a TIFF, a band of rows at a time: unpacked, put in order, as numbers of this machine."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from pigeonhole.errors import UnreadableError
from pigeonhole.formats.tiff.layout import (
    DEFLATE,
    LZMA,
    LZW,
    OLD_DEFLATE,
    PACKBITS,
    RAW,
    YCBCR,
    ZSTANDARD,
    TiffLayout,
)

CUT_OFF = "it is cut off: the end of the TIFF is missing"
BAND_BYTES = 4_000_000
FEED_BYTES = 1_000_000  # given to the unpacker at a time, which copies what it has not used
MOST_ROW_BYTES = 64_000_000
MOST_BYTES = 900_000_000  # of the picture and of a piece of it that has to be unpacked as a whole
TOO_LARGE = "it needs too much memory: its pixels are packed in pieces that are too large"
WITH_PREDICTOR = (LZW, DEFLATE, OLD_DEFLATE, LZMA, ZSTANDARD)
UNPACKABLE = (RAW, PACKBITS, *WITH_PREDICTOR)
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

Samples = NDArray[Any]


def bands(data: bytes, layout: TiffLayout) -> Iterator[tuple[int, int, Samples]]:
    """The picture in bands: left and top of each in pixels, and its samples [rows, columns, samples].

    Raises UnreadableError where the file ends too early.
    """
    pieces = layout.pieces
    across, down = -(-layout.width // pieces.width), -(-layout.height // pieces.height)
    planes = layout.samples if pieces.planar else 1
    if len(pieces.offsets) < across * down * planes:
        raise UnreadableError(CUT_OFF)
    for number in range(across * down):
        left, top = number % across * pieces.width, number // across * pieces.height
        bottom = min(top + pieces.height, layout.height)
        stored = [_piece(data, layout, number + plane * across * down, bottom - top) for plane in range(planes)]
        for parts in zip(*stored, strict=True):
            band = parts[0] if planes == 1 else np.concatenate(parts, axis=2)
            yield left, top, band[: bottom - top, : layout.width - left]
            top += len(band)


def _piece(data: bytes, layout: TiffLayout, number: int, rows: int) -> Iterator[Samples]:
    """A strip or tile of which `rows` lie in the picture: [some rows, all its columns, its samples]."""
    samples = 1 if layout.pieces.planar else layout.samples
    if layout.photometric == YCBCR and layout.subsampling != (1, 1):
        across, down = layout.subsampling
        units = -(-layout.pieces.width // across)
        for block in _rows(data, layout, number, units * (across * down + 2), -(-rows // down)):
            yield _subsampled(block.reshape(-1, units, across * down + 2), across, down)
        return
    row_bytes = -(-layout.pieces.width * samples * layout.bits // 8)
    for block in _rows(data, layout, number, row_bytes, rows):
        numbers = _numbers(_summed(block, layout, samples), layout, layout.pieces.width * samples)
        yield numbers.reshape(len(block), layout.pieces.width, samples)


def _rows(data: bytes, layout: TiffLayout, number: int, row_bytes: int, rows: int) -> Iterator[NDArray[np.uint8]]:
    """`rows` unpacked rows of a piece, some at a time, as uint8 [some, row_bytes]."""
    if row_bytes > MOST_ROW_BYTES:
        raise UnreadableError(TOO_LARGE)
    pieces, expected = layout.pieces, row_bytes * rows
    length = pieces.lengths[number] if number < len(pieces.lengths) else len(data)
    if layout.compression == RAW:
        length = expected  # some programs state a false one
    packed = memoryview(data)[pieces.offsets[number] : pieces.offsets[number] + length]
    if layout.reversed_bits:
        packed = memoryview(bytes(packed).translate(_REVERSED))
    step = max(1, BAND_BYTES // row_bytes)
    parts: Iterator[bytes | memoryview]
    if layout.compression == RAW:
        parts = _slices(packed, row_bytes, step)
    elif layout.compression in (DEFLATE, OLD_DEFLATE):
        parts = _inflated(packed, row_bytes, rows, step)
    else:
        if expected + 4 * layout.width * layout.height > MOST_BYTES:
            raise UnreadableError(TOO_LARGE)
        parts = _by_libtiff(packed, layout.compression, row_bytes, rows, step)
    done = 0
    for part in parts:
        done += len(part)
        yield np.frombuffer(part, np.uint8).reshape(-1, row_bytes)
    if done < expected:
        raise UnreadableError(CUT_OFF)


def _slices(packed: memoryview, row_bytes: int, step: int) -> Iterator[memoryview]:
    """Of rows that are not packed, as many whole ones as there are, `step` at a time."""
    end = len(packed) // row_bytes * row_bytes
    for at in range(0, end, step * row_bytes):
        yield packed[at : min(end, at + step * row_bytes)]


def _inflated(packed: memoryview, row_bytes: int, rows: int, step: int) -> Iterator[bytes]:
    unpacker, rest, position = isal_zlib.decompressobj(), b"", 0
    for first in range(0, rows, step):
        wanted = min(step, rows - first) * row_bytes
        parts: list[bytes] = []
        while wanted and not unpacker.eof and (rest or position < len(packed)):
            if not rest:
                rest, position = bytes(packed[position : position + FEED_BYTES]), position + FEED_BYTES
            parts.append(unpacker.decompress(rest, wanted))
            wanted -= len(parts[-1])
            rest = unpacker.unconsumed_tail
        if wanted:
            return
        yield b"".join(parts)


def _by_libtiff(packed: memoryview, compression: int, row_bytes: int, rows: int, step: int) -> Iterator[bytes]:
    """Unpacked as the only strip of a grey picture of 8 bits, whose pixels are the bytes."""
    entries = [(256, 4, row_bytes), (257, 4, rows), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 122)]
    entries += [(277, 3, 1), (278, 4, rows), (279, 4, len(packed))]
    directory = b"".join(struct.pack("<HHLL", tag, kind, 1, value) for tag, kind, value in entries)
    header = struct.pack("<2sHLH", b"II", 42, 8, len(entries)) + directory + bytes(4)
    with TiffImageFile(BytesIO(header + packed)) as picture:
        picture.load()
        for top in range(0, rows, step):
            yield picture.crop((0, top, row_bytes, min(rows, top + step))).tobytes()


def _summed(rows: NDArray[np.uint8], layout: TiffLayout, samples: int) -> NDArray[np.uint8]:
    """Rows [R, B] whose numbers may be stored as differences from their left neighbours, as the numbers themselves."""
    if layout.compression not in WITH_PREDICTOR or layout.predictor == 1:
        return rows
    size = layout.bits // 8
    if layout.predictor == 3:
        sums = rows.reshape(len(rows), -1, samples).cumsum(axis=1, dtype=np.uint8)
        planes = sums.reshape(len(rows), size, -1)  # all first bytes, which are the most significant, then all second
        bytes_ = planes.transpose(0, 2, 1)
        return np.ascontiguousarray(bytes_ if layout.order == ">" else bytes_[..., ::-1]).reshape(len(rows), -1)
    whole = np.dtype(f"{layout.order}u{size}")
    differences = rows.view(whole).reshape(len(rows), -1, samples)
    return differences.cumsum(axis=1, dtype=whole.newbyteorder("=")).astype(whole).view(np.uint8).reshape(rows.shape)


def _numbers(rows: NDArray[np.uint8], layout: TiffLayout, count: int) -> Samples:
    """Rows of bytes [R, B] → [R, count] numbers of this machine."""
    bits, letter = layout.bits, {"unsigned": "u", "signed": "i", "float": "f"}[layout.number]
    if bits in (16, 32, 64) or (bits == 8 and letter != "f"):
        kind = np.dtype(f"{layout.order}{letter}{bits // 8}")
        return rows.view(kind)[:, :count].astype(kind.newbyteorder("="))
    if bits == 24:
        parts = rows.reshape(len(rows), -1, 3).astype(np.uint32)
        high, middle, low = (parts[..., at] for at in ((0, 1, 2) if layout.order == ">" else (2, 1, 0)))
        values = (high << 16 | middle << 8 | low)[:, :count]
        if letter == "f":
            return _floats_of_24_bits(values)
    else:
        ones = np.unpackbits(rows, axis=1)[:, : count * bits].reshape(len(rows), count, bits)
        values = np.zeros((len(rows), count), np.uint32)
        for bit in range(bits):
            values = values << 1 | ones[..., bit]
    return values.astype(np.int64) - ((values >> (bits - 1)).astype(np.int64) << bits) if letter == "i" else values


def _floats_of_24_bits(values: Samples) -> NDArray[np.float32]:
    """A sign, 7 bits of exponent with a bias of 63, 16 of fraction; the smallest ones are taken for 0."""
    exponent = values >> 16 & 0x7F
    widened = np.where(exponent == 0x7F, 0xFF, exponent + 64) << 23 | (values & 0xFFFF) << 7
    widened = np.where(exponent == 0, 0, widened) | (values >> 23) << 31
    floats: NDArray[np.float32] = widened.astype(np.uint32).view(np.float32)
    return floats


def _subsampled(units: NDArray[np.uint8], across: int, down: int) -> Samples:
    """Units [R, U, across × down + 2] of YCbCr, each a block of brightness with one colour, → [R·down, U·across, 3]."""
    rows, count = units.shape[:2]
    luma = units[..., :-2].reshape(rows, count, down, across).transpose(0, 2, 1, 3).reshape(rows * down, count * across)
    colours = units[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
    return np.dstack([luma, colours])
