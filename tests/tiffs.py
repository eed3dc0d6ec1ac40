"""TIFFs of every kind, written here from their samples: no library writes the odd ones."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

Samples = NDArray[Any]

NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTANDARD = 1, 5, 8, 32946, 32773, 34925, 50000
COMPRESSIONS = (NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTANDARD)
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
FLOAT_24 = "24-bit float"

_PILLOW_NAMES = {LZW: "tiff_lzw", LZMA: "lzma", ZSTANDARD: "zstd"}
_TYPES = {1: "B", 3: "H", 4: "L", 5: "LL", 16: "Q"}


def written_tiff(
    samples: Samples,
    *,
    photometric: int,
    bits: int | None = None,
    number: int | tuple[int, ...] = UNSIGNED,
    compression: int = NONE,
    predictor: int = 1,
    planar: bool = False,
    order: str = "<",
    big: bool = False,
    side: int = 0,
    rows: int = 0,
    extra: tuple[int, ...] = (),
    reversed_bits: bool = False,
    tags: dict[int, tuple[int, tuple[int, ...]]] | None = None,
) -> bytes:
    """A TIFF of samples [H, W] or [H, W, S]; their dtype tells how they are stored, unless `bits` says otherwise.

    `side` is the edge of square tiles, `rows` the height of a strip; 0 is one strip. `tags` adds tags or replaces them:
    number → type, values.
    """
    samples = samples[:, :, None] if samples.ndim == 2 else samples
    height, width, count = samples.shape
    bits = bits or samples.dtype.itemsize * 8
    planes = [samples[:, :, plane : plane + 1] for plane in range(count)] if planar else [samples]
    pieces = []
    for plane in planes:
        for piece in _tiles(plane, side) if side else _strips(plane, rows or height):
            stored = packed(_bytes(piece, bits, order, compression, predictor), piece.shape[0], compression)
            pieces.append(stored.translate(_REVERSED) if reversed_bits else stored)
    entries: dict[int, tuple[int, tuple[int, ...]]] = {
        256: (4, (width,)),
        257: (4, (height,)),
        258: (3, (bits,) * count),
        259: (3, (compression,)),
        262: (3, (photometric,)),
        277: (3, (count,)),
        284: (3, (2 if planar else 1,)),
        339: (3, (number,) * count if isinstance(number, int) else number),
    }
    if predictor != 1:
        entries[317] = 3, (predictor,)
    if extra:
        entries[338] = 3, extra
    if reversed_bits:
        entries[266] = 3, (2,)
    if side:
        entries |= {322: (4, (side,)), 323: (4, (side,))}
    else:
        entries[278] = 4, (rows or height,)
    return assembled(entries | (tags or {}), pieces, order, big, tiled=bool(side))


def assembled(
    entries: dict[int, tuple[int, tuple[int, ...]]],
    pieces: list[bytes],
    order: str = "<",
    big: bool = False,
    *,
    tiled: bool = False,
) -> bytes:
    """A TIFF of tags, number → type and values, and packed pieces, whose places are added."""
    entries = dict(entries)
    wide = 16 if big else 4
    entries[325 if tiled else 279] = wide, tuple(len(piece) for piece in pieces)
    entries[324 if tiled else 273] = wide, (0,) * len(pieces)
    count, inline = ("Q", 8) if big else ("L", 4)

    def raw(kind: int, values: tuple[int, ...]) -> bytes:
        return struct.pack(f"{order}{len(values)}{_TYPES[kind][0]}", *values)

    start = (16 if big else 8) + (8 if big else 2) + (20 if big else 12) * len(entries) + inline
    at = start + sum(len(raw(*entry)) for entry in entries.values() if len(raw(*entry)) > inline)
    offsets = []
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    entries[324 if tiled else 273] = wide, tuple(offsets)
    directory, beyond = struct.pack(order + ("Q" if big else "H"), len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        field = raw(kind, values)
        if len(field) > inline:
            field, beyond = struct.pack(order + count, start + len(beyond)), beyond + field
        length = len(values) // len(_TYPES[kind])
        directory += struct.pack(order + "HH" + count, tag, kind, length) + field.ljust(inline, b"\0")
    magic = struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HL", 42, 8)
    return (b"II" if order == "<" else b"MM") + magic + directory + bytes(inline) + beyond + b"".join(pieces)


def _strips(samples: Samples, rows: int) -> list[Samples]:
    return [samples[top : top + rows] for top in range(0, len(samples), rows)]


def _tiles(samples: Samples, side: int) -> list[Samples]:
    height, width = samples.shape[:2]
    padded = np.pad(samples, ((0, -height % side), (0, -width % side), (0, 0)), mode="edge")
    ranges = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
    return [padded[top : top + side, left : left + side] for top, left in ranges]


def _bytes(samples: Samples, bits: int, order: str, compression: int, predictor: int) -> bytes:
    """Samples [rows, columns, samples] as bytes, each row beginning with a new one."""
    rows, columns, count = samples.shape
    if bits in (8, 16, 32, 64) and bits == samples.dtype.itemsize * 8:
        if predictor == 3:
            return _with_float_predictor(samples)
        if predictor == 2:
            whole = samples.view(f"u{bits // 8}")
            samples = np.concatenate([whole[:, :1], whole[:, 1:] - whole[:, :-1]], axis=1)
        return samples.astype(f"{order}{samples.dtype.str[1:]}").tobytes()
    values = samples.reshape(rows, columns * count).astype(np.int64) & (1 << bits) - 1
    if bits == 24:
        big_endian = np.stack([values >> 16, values >> 8, values], axis=-1).astype(np.uint8)
        return (big_endian if order == ">" else big_endian[..., ::-1]).tobytes()
    ones = (values[..., None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)
    return np.packbits(ones.reshape(rows, -1), axis=1).tobytes()


def _with_float_predictor(samples: Samples) -> bytes:
    """Adobe's technical note 3: the bytes of a row, the most significant ones of all numbers first, as differences."""
    rows, _, count = samples.shape
    size = samples.dtype.itemsize
    big_endian = samples.astype(samples.dtype.newbyteorder(">")).reshape(rows, -1).view(np.uint8)
    planes = big_endian.reshape(rows, -1, size).transpose(0, 2, 1).reshape(rows, -1, count)
    return np.concatenate([planes[:, :1], planes[:, 1:] - planes[:, :-1]], axis=1).tobytes()


def floats_of_24_bits(values: Samples) -> Samples:
    """Positive numbers as a sign, 7 bits of exponent with a bias of 63, 16 of fraction: uint32."""
    fraction, exponent = np.frexp(values.astype(np.float64))
    mantissa = np.rint((fraction * 2 - 1) * 65536).astype(np.int64)
    exponent = exponent - 1 + (mantissa >> 16)
    bits = (exponent + 63) << 16 | mantissa & 0xFFFF
    return np.where(values == 0, 0, bits).astype(np.uint32)


def packed(data: bytes, rows: int, compression: int) -> bytes:
    """`data`, which holds so many rows of equal length, compressed."""
    if compression == NONE:
        return data
    if compression in (DEFLATE, OLD_DEFLATE):
        return zlib.compress(data)
    if compression == PACKBITS:
        width = len(data) // rows
        return b"".join(_pack_bits(data[at : at + width]) for at in range(0, len(data), width))
    # The strip of a grey picture whose pixels are these bytes.
    picture = Image.frombytes("L", (len(data) // rows, rows), data)
    file = BytesIO()
    picture.save(file, "TIFF", compression=_PILLOW_NAMES[compression], strip_size=len(data) + 1)
    file.seek(0)
    with TiffImagePlugin.TiffImageFile(file) as stored:
        (offset,), (length,) = stored.tag_v2[273], stored.tag_v2[279]
    return file.getvalue()[offset : offset + length]


def _pack_bits(row: bytes) -> bytes:
    """No runs at all, which is allowed."""
    return b"".join(bytes((len(row[at : at + 128]) - 1,)) + row[at : at + 128] for at in range(0, len(row), 128))


def subsampled_ycbcr(ycbcr: Samples, across: int, down: int) -> bytes:
    """uint8 [H, W, 3] as blocks of `across` × `down` pixels with one colour each, as a file holds them."""
    height, width = ycbcr.shape[:2]
    padded = np.pad(ycbcr, ((0, -height % down), (0, -width % across), (0, 0)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // down, down, padded.shape[1] // across, across, 3).swapaxes(1, 2)
    luma = blocks[..., 0].reshape(*blocks.shape[:2], -1)
    colours = blocks[..., 1:].mean(axis=(2, 3)).round().astype(np.uint8)
    return np.concatenate([luma, colours], axis=-1).tobytes()


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
Coder = Callable[[bytes], bytes]
