"""What a TIFF says about its first picture: its size, what its samples are, and where in the file they lie.

TIFF 6.0 (Adobe, 1992), its supplements (L*a*b* of 16 bits, floating point samples and their predictor), BigTIFF.
"""

import struct
from dataclasses import dataclass
from typing import Literal

RAW, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, LZMA, ZSTANDARD = 1, 5, 7, 8, 32773, 32946, 34925, 50000
COMPRESSIONS = {
    RAW: "none",
    2: "CCITT run lengths",
    3: "CCITT fax 3",
    4: "CCITT fax 4",
    LZW: "LZW",
    6: "old JPEG",
    JPEG: "JPEG",
    DEFLATE: "deflate",
    PACKBITS: "PackBits",
    OLD_DEFLATE: "deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    LZMA: "LZMA",
    ZSTANDARD: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
PHOTOMETRICS = {
    WHITE_IS_ZERO: "grey",
    BLACK_IS_ZERO: "grey",
    RGB: "RGB",
    PALETTE: "palette",
    4: "transparency mask",
    CMYK: "CMYK",
    YCBCR: "YCbCr",
    CIELAB: "L*a*b*",
    ICCLAB: "L*a*b*",
    10: "ITU L*a*b*",
    32803: "raw data of a camera's sensor",
    32844: "logarithmic luminance",
    32845: "logarithmic luminance and colours",
    34892: "raw data of a camera's sensor",
}
NumberKind = Literal["unsigned", "signed", "float", "complex"]
Numbers = tuple[float, ...]

_NUMBERS: dict[int, NumberKind] = {1: "unsigned", 2: "signed", 3: "float", 4: "unsigned", 5: "complex", 6: "complex"}
_COLOURS = {RGB: 3, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
_TYPES = {1: "B", 3: "H", 4: "L", 5: "L", 13: "L", 16: "Q", 18: "Q"}
_RATIONAL = 5
_MOST_VALUES = 4_000_000
_MOST_SAMPLES = 4096

# Tags.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _STRIP_OFFSETS = 256, 257, 258, 259, 262, 266, 273
_ORIENTATION, _SAMPLES, _ROWS_PER_STRIP, _STRIP_LENGTHS, _PLANAR, _PREDICTOR = 274, 277, 278, 279, 284, 317
_WHITE_POINT, _COLOUR_MAP, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_LENGTHS = 318, 320, 322, 323, 324, 325
_INK_SET, _EXTRA_SAMPLES, _SAMPLE_FORMAT, _LUMA, _SUBSAMPLING, _REFERENCE = 332, 338, 339, 529, 530, 532
_IN_DIRECTORY = range(_WIDTH, _REFERENCE + 1)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Where the pixels lie: in strips, or in tiles, of `width` × `height` pixels, `offsets` and `lengths` in bytes.

    Very old files lack the lengths. With `planar`, each sample's plane is stored by itself.
    """

    width: int
    height: int
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    planar: bool


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """The first picture of a TIFF. `compression`, `photometric` and `predictor` are the specification's numbers.

    `bits` and `number` of each sample; `alike` is whether all samples have the same. `samples` for each pixel, of which
    the first `colours` are its colour and the next, if `alpha` is not 0, its alpha: 1 associated (the colours are
    multiplied by it), 2 unassociated. `colour_map` holds 3 × 2**bits values of 16 bits.
    """

    order: Literal["<", ">"]
    is_big: bool
    width: int
    height: int
    orientation: int
    bits: int
    number: NumberKind
    alike: bool
    samples: int
    colours: int
    alpha: int
    photometric: int
    compression: int
    predictor: int
    reversed_bits: bool
    pieces: Pieces
    colour_map: tuple[int, ...]
    ink_set: int
    white_point: Numbers
    subsampling: tuple[int, int]
    luma: Numbers
    reference: Numbers

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def is_grey(self) -> bool:
        return self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)

    @property
    def is_lab(self) -> bool:
        return self.photometric in (CIELAB, ICCLAB)

    @property
    def words(self) -> str:
        """What kind of TIFF it is, for people."""
        depth = f"{self.samples} × {self.bits}" if self.samples > 1 else f"{self.bits}"
        number = "" if self.number == "unsigned" else f", {self.number}"
        colours = PHOTOMETRICS.get(self.photometric, f"colours of kind {self.photometric}")
        compression = COMPRESSIONS.get(self.compression, f"of kind {self.compression}")
        return f"{colours}, {depth} bits{number}, compression {compression}"


def layout_of(data: bytes) -> TiffLayout | None:
    """The layout of the TIFF `data`; None where its tags are missing or make no sense."""
    try:
        return _layout(data, _tags(data))
    except (struct.error, KeyError, IndexError, ValueError, ZeroDivisionError):
        return None


def _order(data: bytes) -> Literal["<", ">"]:
    return "<" if data[:2] == b"II" else ">"


def _tags(data: bytes) -> dict[int, Numbers]:
    """The tags of the first directory that are about pixels, each with its numbers; a fraction is one number."""
    order, is_big = _order(data), 43 in data[2:4]
    entry = struct.Struct(order + ("HHQ" if is_big else "HHL"))
    pointer = struct.Struct(order + ("Q" if is_big else "L"))
    (start,) = pointer.unpack_from(data, 8 if is_big else 4)
    (count,) = struct.unpack_from(order + ("Q" if is_big else "H"), data, start)
    start += 8 if is_big else 2
    tags: dict[int, Numbers] = {}
    for at in range(start, start + min(count, 65535) * (entry.size + pointer.size), entry.size + pointer.size):
        tag, kind, length = entry.unpack_from(data, at)
        if tag not in _IN_DIRECTORY or kind not in _TYPES or not 0 < length <= _MOST_VALUES:
            continue
        form = struct.Struct(f"{order}{length * (2 if kind == _RATIONAL else 1)}{_TYPES[kind]}")
        place = at + entry.size if form.size <= pointer.size else pointer.unpack_from(data, at + entry.size)[0]
        values = form.unpack_from(data, place)
        if kind == _RATIONAL:
            values = tuple(up / down for up, down in zip(values[::2], values[1::2], strict=True))
        tags.setdefault(tag, values)
    return tags


def _layout(data: bytes, tags: dict[int, Numbers]) -> TiffLayout:
    width, height = _within(_whole(tags, _WIDTH)[0], 1 << 30), _within(_whole(tags, _HEIGHT)[0], 1 << 30)
    compression, photometric = _whole(tags, _COMPRESSION, RAW)[0], _whole(tags, _PHOTOMETRIC, WHITE_IS_ZERO)[0]
    usual = 3 if compression == JPEG and photometric in (RGB, YCBCR) else 1
    samples = _within(_whole(tags, _SAMPLES, usual)[0], _MOST_SAMPLES)
    bits, formats = _whole(tags, _BITS, 1)[:samples], _whole(tags, _SAMPLE_FORMAT, 1)[:samples]
    colours = min(_COLOURS.get(photometric, 1), samples)
    return TiffLayout(
        order=_order(data),
        is_big=43 in data[2:4],
        width=width,
        height=height,
        orientation=_whole(tags, _ORIENTATION, 1)[0],
        bits=_within(bits[0], 1 << 10),
        number=_NUMBERS.get(formats[0], "complex"),
        alike=len(set(bits)) == 1 and (len(set(formats)) == 1 or photometric in (CIELAB, ICCLAB)),
        samples=samples,
        colours=colours,
        alpha=_alpha(_whole(tags, _EXTRA_SAMPLES, -1)[0], colours, samples, photometric),
        photometric=photometric,
        compression=compression,
        predictor=_whole(tags, _PREDICTOR, 1)[0],
        reversed_bits=_whole(tags, _FILL_ORDER, 1)[0] == 2,
        pieces=_pieces(tags, width, height, planar=_whole(tags, _PLANAR, 1)[0] == 2 and samples > 1),
        colour_map=_whole(tags, _COLOUR_MAP, 0),
        ink_set=_whole(tags, _INK_SET, 1)[0],
        white_point=tags.get(_WHITE_POINT, ()),
        subsampling=_subsampling(*_whole(tags, _SUBSAMPLING, 2, 2)[:2]),
        luma=tags.get(_LUMA, (0.299, 0.587, 0.114)),
        reference=tags.get(_REFERENCE, (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)),
    )


def _pieces(tags: dict[int, Numbers], width: int, height: int, *, planar: bool) -> Pieces:
    if _TILE_OFFSETS in tags:
        wide, high = _within(_whole(tags, _TILE_WIDTH)[0], 1 << 30), _within(_whole(tags, _TILE_HEIGHT)[0], 1 << 30)
        return Pieces(wide, high, _whole(tags, _TILE_OFFSETS), _lengths(tags, _TILE_LENGTHS), planar)
    rows = min(_whole(tags, _ROWS_PER_STRIP, height)[0] or height, height)
    return Pieces(width, rows, _whole(tags, _STRIP_OFFSETS), _lengths(tags, _STRIP_LENGTHS), planar)


def _whole(tags: dict[int, Numbers], tag: int, *default: int) -> tuple[int, ...]:
    """The numbers of a tag, `default` where it is missing. Raises KeyError where it is needed."""
    if tag not in tags and not default:
        raise KeyError(tag)
    return tuple(int(value) for value in tags[tag]) if tag in tags else default


def _lengths(tags: dict[int, Numbers], tag: int) -> tuple[int, ...]:
    return _whole(tags, tag) if tag in tags else ()


def _alpha(extra: int, colours: int, samples: int, photometric: int) -> int:
    """RGB with a fourth sample of which nothing is said has always been taken for RGBA; Corel Draw wrote 999."""
    if samples <= colours:
        return 0
    if extra == 999 or (extra == -1 and photometric == RGB and samples == 4):
        return 2
    return extra if extra in (1, 2) else 0


def _subsampling(across: int, down: int) -> tuple[int, int]:
    return _within(across, 4), _within(down, 4)


def _within(value: int, most: int) -> int:
    if not 0 < value <= most:
        raise ValueError(value)
    return value
