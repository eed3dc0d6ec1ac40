"""Pictures made for tests: every way to write one down, and files that lack a part or lie. Nothing binary is stored."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[Any]
MAGENTA = np.array((255, 0, 255), np.uint8)
Twin = tuple[bytes, Image.Image]

# EXIF orientation → how an upright picture is turned before it is stored so that obeying the tag turns it back.
STORED_TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def drawing(width: int = 400, height: int = 300) -> Image.Image:
    """A smooth RGB picture that looks different from each side and has pure black and pure white in it."""
    down, across = np.mgrid[0:1:height * 1j, 0:1:width * 1j]  # fmt: skip
    values = np.stack([60 + 150 * across, 60 + 150 * down, 200 - 90 * (across + down)], axis=-1)
    picture = Image.fromarray(values.astype(np.uint8))
    draw = ImageDraw.Draw(picture)

    def at(*share: tuple[float, float]) -> list[tuple[float, float]]:
        return [(width * x, height * y) for x, y in share]

    draw.ellipse(at((0.25, 0.2), (0.55, 0.6)), "white")
    draw.rectangle(at((0.6, 0.3), (0.8, 0.45)), "black")
    draw.polygon(at((0.3, 0.9), (0.45, 0.5), (0.7, 0.85)), (200, 30, 40))
    return picture


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """`picture` as a file written by Pillow. Copies, because writers leave their settings in the pictures."""
    file = io.BytesIO()
    if "append_images" in options:
        options["append_images"] = [other.copy() for other in options["append_images"]]
    picture.copy().save(file, kind, **options)
    return file.getvalue()


def heic(*pictures: Image.Image, **options: Any) -> bytes:
    """A HEIC file of these pictures; needs pillow-heif."""
    import pillow_heif

    file, container = io.BytesIO(), pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for picture in pictures:
        container.add_from_pillow(picture)
    container.save(file, **{"quality": 95, "chroma": 444, **options})
    return file.getvalue()


# How EXIF's orientations are said by properties, of which irot turns a quarter to the left and imir mirrors.
_TURNING: dict[int, tuple[tuple[bytes, bytes], ...]] = {
    1: (),
    2: ((b"imir", b"\1"),),
    3: ((b"irot", b"\2"),),
    4: ((b"imir", b"\0"),),
    5: ((b"irot", b"\1"), (b"imir", b"\0")),
    6: ((b"irot", b"\3"),),
    7: ((b"irot", b"\3"), (b"imir", b"\0")),
    8: ((b"irot", b"\1"),),
}


def turned_heic(stored: Image.Image, orientation: int) -> bytes:
    """A HEIC that asks to be turned as EXIF's `orientation` would, by properties of its own, as phones write it."""
    return with_properties(heic(stored), *_TURNING[orientation])


def turning(orientation: int) -> tuple[tuple[bytes, bytes], ...]:
    return _TURNING[orientation]


def clean_aperture(width: int, height: int, across: int, down: int, *, below: int = 1) -> tuple[bytes, bytes]:
    """The property that shows `width` × `height` pixels, whose middle is so far right of and below the picture's.

    All of them in parts of `below`.
    """
    return b"clap", struct.pack(">LLLLlLlL", width, below, height, below, across, below, down, below)


def with_properties(data: bytes, *properties: tuple[bytes, bytes]) -> bytes:
    """A HEIC or AVIF of one picture, which lies behind what is said of it, with more properties of that picture."""
    added = [_box(kind, content) for kind, content in properties]
    grown = sum(len(box) + 1 for box in added)  # each is named once more, by its number, in ipma
    changed = bytearray(data)
    at = {kind: data.index(kind) - 4 for kind in (b"meta", b"iloc", b"iprp", b"ipco", b"ipma")}
    for kind, more in ((b"meta", grown), (b"iprp", grown), (b"ipco", grown - len(added)), (b"ipma", len(added))):
        length = int.from_bytes(data[at[kind] : at[kind] + 4])
        struct.pack_into(">I", changed, at[kind], length + more)
    _shift(changed, at[b"iloc"], grown)
    # The picture is the first that ipma speaks of.
    place = at[b"ipma"] + 18
    count, known = changed[place], _count_boxes(data, at[b"ipco"])
    changed[place] += len(added)
    end = place + 1 + count
    changed[end:end] = bytes(0x80 | known + 1 + number for number in range(len(added)))
    end = at[b"ipco"] + int.from_bytes(data[at[b"ipco"] : at[b"ipco"] + 4])
    changed[end:end] = b"".join(added)
    return bytes(changed)


def _shift(data: bytearray, iloc: int, more: int) -> None:
    """Adds `more` to the places of all items, of one piece each, or to what these count from."""
    version, sizes, base_size = data[iloc + 8], data[iloc + 12], data[iloc + 13] >> 4
    assert sizes == 0x44, sizes
    (count,) = struct.unpack_from(">H", data, iloc + 14)
    item = iloc + 16
    for _ in range(count):
        place = item + 2 + (2 if version == 1 else 0) + 2
        place += 0 if base_size else 2
        (offset,) = struct.unpack_from(">I", data, place)
        struct.pack_into(">I", data, place, offset + more)
        item = place + (base_size + 2 if base_size else 0) + 8


def _count_boxes(data: bytes, parent: int) -> int:
    end, place, count = parent + int.from_bytes(data[parent : parent + 4]), parent + 8, 0
    while place < end:
        place, count = place + int.from_bytes(data[place : place + 4]), count + 1
    return count


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def can_heic() -> bool:
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        return False
    return True


# --- PNG, piece by piece


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(pixels: Pixels, depth: int, colour: int, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG from H×W or H×W×C values of `depth` bits; `colour` is its colour type, `extra` are chunks before IDAT."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row for row in packed_rows(pixels, depth))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in chunks)


def interlaced_png(pixels: Pixels) -> bytes:
    """An RGB PNG in seven passes (Adam7), from H×W×3 uint8."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = (row for left, top, across, down in passes for row in pixels[top::down, left::across])
    content = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    chunks = [(b"IHDR", header), (b"IDAT", content), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in chunks)


def packed_rows(pixels: Pixels, depth: int) -> Iterator[bytes]:
    """Each row as bytes: big-endian for 16 bits, several pixels to a byte for less than 8."""
    flat = pixels.reshape(len(pixels), -1)
    if depth >= 8:
        yield from (row.astype(f">u{depth // 8}").tobytes() for row in flat)
        return
    bits = (flat[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    yield from (np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in bits)


# --- BMP, piece by piece


def bmp(
    size: tuple[int, int],
    depth: int,
    content: bytes,
    palette: bytes = b"",
    *,
    compression: int = 0,
    os2: bool = False,
    top_down: bool = False,
) -> bytes:
    """A BMP with `content` as its rows. `palette` has four bytes per colour, or three with the header of OS/2."""
    width, height = size
    if os2:
        header = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        colours = len(palette) // 4 if depth <= 8 else 0
        shape = (40, width, -height if top_down else height, 1, depth, compression, len(content), 0, 0, colours, 0)
        header = struct.pack("<IiiHHIIiiII", *shape)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + header + palette + content


def bmp_rows(rows: Iterable[bytes]) -> bytes:
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def run_lengths(indices: Pixels, depth: int) -> bytes:
    """The rows of a BMP (H×W numbers of colours) as runs, the bottom row first."""
    coded = bytearray()
    for row in indices[::-1]:
        for value, run in groupby(row.tolist()):
            left = len(list(run))
            while left:
                count = min(left, 255)
                coded += bytes((count, value if depth == 8 else value << 4 | value))
                left -= count
        coded += b"\0\0"
    return bytes(coded[:-2] + b"\0\1")


# --- TIFF, piece by piece

_TIFF_TYPES = {1: "B", 3: "H", 4: "L", 16: "Q"}


def tiff(
    tags: dict[int, tuple[int, ...]],
    pieces: list[bytes],
    *,
    order: str = "<",
    big: bool = False,
    tiled: bool = False,
    lengths: tuple[int, ...] | None = None,
) -> bytes:
    """A TIFF with its tags first, as other programs write it: its `pieces` are strips, or tiles where `tiled`.

    `lengths` replaces the true lengths of the pieces; empty leaves them out, as very old programs did.
    """
    wide = 16 if big else 4
    count, inline = ("Q", 8) if big else ("L", 4)
    entries: dict[int, tuple[int, tuple[int, ...]]] = {tag: (3, values) for tag, values in tags.items()}
    entries[324 if tiled else 273] = (wide, tuple(0 for _ in pieces))
    if lengths != ():
        entries[325 if tiled else 279] = (wide, lengths or tuple(len(piece) for piece in pieces))
    start = (16 if big else 8) + (8 if big else 2) + (20 if big else 12) * len(entries) + inline
    at = start + sum(
        len(values) * struct.calcsize(order + _TIFF_TYPES[kind])
        for kind, values in entries.values()
        if len(values) * struct.calcsize(order + _TIFF_TYPES[kind]) > inline
    )
    offsets = []
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    entries[324 if tiled else 273] = (wide, tuple(offsets))
    directory, beyond = struct.pack(order + ("Q" if big else "H"), len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        raw = struct.pack(f"{order}{len(values)}{_TIFF_TYPES[kind]}", *values)
        if len(raw) > inline:
            field, beyond = struct.pack(order + count, start + len(beyond)), beyond + raw
        else:
            field = raw.ljust(inline, b"\0")
        directory += struct.pack(order + "HH" + count, tag, kind, len(values)) + field
    magic = struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HL", 42, 8)
    return (b"II" if order == "<" else b"MM") + magic + directory + bytes(inline) + beyond + b"".join(pieces)


def tiff_tags(pixels: Pixels, compression: int = 1, photometric: int | None = None, **more: int) -> dict[int, Any]:
    """The tags of H×W or H×W×3 pixels; `more` is t<number>=<value>."""
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    tags: dict[int, Any] = {256: (width,), 257: (height,), 258: (8 * pixels.dtype.itemsize,) * bands}
    tags |= {259: (compression,), 262: (photometric if photometric is not None else (2 if bands == 3 else 1),)}
    tags |= {277: (bands,), 278: (height,)}
    return tags | {int(name[1:]): (value,) for name, value in more.items()}


def strips(pixels: Pixels, rows: int, coded: Callable[[bytes], bytes] = bytes) -> list[bytes]:
    return [coded(pixels[row : row + rows].tobytes()) for row in range(0, len(pixels), rows)]


def tiles(pixels: Pixels, side: int) -> list[bytes]:
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, -height % side), (0, -width % side), (0, 0)))
    ranges = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    return [padded[y : y + side, x : x + side].tobytes() for y, x in ranges]


# --- the same picture in every format


def twins(picture: Image.Image) -> dict[str, Twin]:
    """Name with extension → the bytes of a file, and the plain RGB picture that must give the same answer.

    `picture` is RGB. Names say what is special; those that lose something say so in their extension (jpg, mpo, heic,
    avif) or are called lossy.
    """
    made: dict[str, Twin] = {}
    for part in (_turned, _deep, _inks, _transparent, _grey, _palettes, _moving, _plain, _bmps, _tiffs):
        made |= part(picture)
    return made


def _turned(picture: Image.Image) -> dict[str, Twin]:
    made: dict[str, bytes] = {}
    for orientation, turn in STORED_TURNED.items():
        stored = picture if turn is None else picture.transpose(turn)
        exif = Image.Exif()
        exif[0x0112] = orientation
        made[f"orientation-{orientation}.jpg"] = saved(stored, "JPEG", quality=95, subsampling=0, exif=exif)
        made[f"orientation-{orientation}.png"] = saved(stored, "PNG", exif=exif)
        made[f"orientation-{orientation}.webp"] = saved(stored, "WEBP", lossless=True, exif=exif)
        made[f"orientation-{orientation}.tif"] = saved(stored, "TIFF", exif=exif)
        made[f"orientation-{orientation}-deflate.tif"] = saved(stored, "TIFF", exif=exif, compression="tiff_deflate")
        made[f"orientation-{orientation}.avif"] = saved(
            stored, "AVIF", quality=95, speed=10, subsampling="4:4:4", exif=exif
        )
        if can_heic():
            made[f"orientation-{orientation}.heic"] = turned_heic(stored, orientation)
    return {name: (data, picture) for name, data in made.items()}


def _deep(picture: Image.Image) -> dict[str, Twin]:
    """More than 8 bits per colour."""
    grey = picture.convert("L")
    pixels, rgb = np.asarray(grey), np.asarray(picture)
    full, colour = pixels.astype(np.uint16) * 257, rgb.astype(np.uint16) * 257
    twelve = np.rint(pixels * (4095 / 255)).astype(np.uint16)
    twelve_packed = [b"".join(_twelve_bits(row) for row in twelve)]

    def in_tiff(values: Pixels) -> bytes:
        return saved(Image.fromarray(values), "TIFF")

    made = {
        "grey-16-bit.png": png(full, 16, 0),
        "grey-16-bit-written-by-pillow.png": saved(Image.fromarray(full), "PNG"),
        "grey-16-bit.tif": in_tiff(full),
        "grey-16-bit-big-endian.tif": tiff(tiff_tags(full), [full.astype(">u2").tobytes()], order=">"),
        "grey-16-bit-deflate.tif": saved(Image.fromarray(full), "TIFF", compression="tiff_deflate"),
        "grey-16-bit-white-is-zero.tif": tiff(tiff_tags(full, photometric=0), [(65535 - full).tobytes()]),
        "grey-12-bit.tif": tiff(tiff_tags(full) | {258: (12,)}, twelve_packed),
        "grey-16-bit.pgm": b"P5 %d %d 65535\n" % grey.size + full.astype(">u2").tobytes(),
        "grey-32-bit-of-8.tif": in_tiff(pixels.astype(np.int32)),
        "grey-32-bit-of-16.tif": in_tiff(full.astype(np.int32)),
        "grey-32-bit.tif": in_tiff(pixels.astype(np.int32) * 8_421_504),
        "grey-float-of-1.tif": in_tiff((pixels / 255).astype(np.float32)),
        "grey-float-of-255.tif": in_tiff(pixels.astype(np.float32)),
        "grey-float-of-65535.tif": in_tiff(full.astype(np.float32)),
    }
    coloured = {
        "rgb-16-bit.png": png(colour, 16, 2),
        "rgb-16-bit.tif": tiff(tiff_tags(colour), [colour.tobytes()]),
        "rgb-16-bit-big-endian.tif": tiff(tiff_tags(colour), [colour.astype(">u2").tobytes()], order=">"),
        "rgb-16-bit-deflate.tif": tiff(tiff_tags(colour, 8) | {278: (50,)}, strips(colour, 50, zlib.compress)),
        "rgb-16-bit.ppm": b"P6 %d %d 65535\n" % picture.size + colour.astype(">u2").tobytes(),
    }
    return {name: (data, grey.convert("RGB")) for name, data in made.items()} | {
        name: (data, picture) for name, data in coloured.items()
    }


def _twelve_bits(row: Pixels) -> bytes:
    even, odd = row[0::2].astype(np.uint32), np.resize(row[1::2], (len(row) + 1) // 2).astype(np.uint32)
    both = even << 12 | odd
    packed = np.stack([both >> 16, both >> 8 & 255, both & 255], axis=-1).astype(np.uint8).tobytes()
    return packed[: -(-len(row) * 12 // 8)]  # each row begins with a new byte


def _inks(picture: Image.Image) -> dict[str, Twin]:
    inks = picture.convert("CMYK")
    made = {
        "cmyk.jpg": saved(inks, "JPEG", quality=95, subsampling=0),
        "cmyk.tif": saved(inks, "TIFF"),
        "cmyk-lzw.tif": saved(inks, "TIFF", compression="tiff_lzw"),
    }
    return {name: (data, inks.convert("RGB")) for name, data in made.items()}


def _transparent(picture: Image.Image) -> dict[str, Twin]:
    """The lower left is transparent, with loud colours hidden in it, and there is a soft edge to it."""
    width, height = picture.size
    down, across = np.mgrid[0:1:height * 1j, 0:1:width * 1j]  # fmt: skip
    alpha = (np.clip((across - down + 0.5) * 4, 0, 1) * 255).astype(np.uint8)
    rgb = np.where(alpha[..., None] == 0, MAGENTA, np.asarray(picture))
    on_white = Image.fromarray(np.rint(255 - (255.0 - rgb) * (alpha[..., None] / 255)).astype(np.uint8))
    rgba = Image.fromarray(np.dstack([rgb, alpha]))
    grey = Image.fromarray(rgb).convert("L")
    grey_on_white = np.rint(255 - (255.0 - np.asarray(grey)) * (alpha / 255)).astype(np.uint8)
    soft = {
        "rgba.png": saved(rgba, "PNG"),
        "rgba.tif": saved(rgba, "TIFF"),
        "rgba.webp": saved(rgba, "WEBP", lossless=True, exact=True),
        "rgba.avif": saved(rgba, "AVIF", quality=95, speed=10, subsampling="4:4:4"),
        "rgba-16-bit.png": png(np.asarray(rgba).astype(np.uint16) * 257, 16, 6),
    }
    if can_heic():
        soft["rgba.heic"] = heic(rgba)
    made: dict[str, Twin] = {name: (data, on_white) for name, data in soft.items()}
    la = Image.merge("LA", (grey, Image.fromarray(alpha)))
    for name, data in {
        "la.png": saved(la, "PNG"),
        "la.tif": saved(la, "TIFF"),
        "la-16-bit.png": png(np.asarray(la).astype(np.uint16) * 257, 16, 4),
    }.items():
        made[name] = (data, Image.fromarray(grey_on_white).convert("RGB"))
    return made | _one_transparent_colour(picture, alpha < 128)


def _one_transparent_colour(picture: Image.Image, hidden: Pixels) -> dict[str, Twin]:
    rgb = np.where(hidden[..., None], MAGENTA, np.asarray(picture))
    on_white = Image.fromarray(np.where(hidden[..., None], np.uint8(255), np.asarray(picture)))
    key = (b"tRNS", struct.pack(">HHH", 255, 0, 255)), (b"tRNS", struct.pack(">HHH", 65535, 0, 65535))
    made: dict[str, Twin] = {
        "rgb-transparent-colour.png": (png(rgb, 8, 2, key[0]), on_white),
        "rgb-16-bit-transparent-colour.png": (png(rgb.astype(np.uint16) * 257, 16, 2, key[1]), on_white),
    }
    for depth in (1, 2, 4, 8, 16):
        white = 2**depth - 1
        grey = np.rint(np.asarray(picture.convert("L")) / 255 * white).astype(np.uint16)
        value = white // 3
        grey[hidden] = value
        shown = np.where(grey == value, 255, np.rint(grey * (255 / white))).astype(np.uint8)
        name, colour = f"grey-{depth}-bit-transparent-colour.png", (b"tRNS", struct.pack(">H", value))
        made[name] = (png(grey, depth, 0, colour), Image.fromarray(shown).convert("RGB"))
    few = Image.fromarray(rgb).quantize(63, dither=Image.Dither.NONE)
    indices = np.where(hidden, 63, np.asarray(few)).astype(np.uint8)
    palette = bytes((few.getpalette() or [])[:189]).ljust(189, b"\0") + bytes((255, 0, 255))
    seen = np.array(few.convert("RGB"))
    seen[hidden] = 255
    reference = Image.fromarray(seen)
    few = Image.fromarray(indices)
    few.putpalette(palette)
    made["palette-transparent.png"] = (saved(few, "PNG", transparency=63), reference)
    made["palette-transparent.gif"] = (saved(few, "GIF", transparency=63), reference)
    table = (b"PLTE", palette), (b"tRNS", bytes([255] * 63 + [0]))
    made["palette-transparent-table.png"] = (png(indices, 8, 3, *table), reference)
    return made


def _grey(picture: Image.Image) -> dict[str, Twin]:
    grey, bits = picture.convert("L"), picture.convert("1")
    made: dict[str, Twin] = {}
    for name, data in {
        "grey.png": saved(grey, "PNG"),
        "grey.jpg": saved(grey, "JPEG", quality=95),
        "grey.gif": saved(grey, "GIF"),
        "grey.bmp": saved(grey, "BMP"),
        "grey.tif": saved(grey, "TIFF"),
        "grey-white-is-zero.tif": tiff(
            tiff_tags(np.asarray(grey), photometric=0), [(255 - np.asarray(grey)).tobytes()]
        ),
        "grey.pgm": saved(grey, "PPM"),
        "grey-in-digits.pgm": b"P2\n# made for a test\n%d %d\n255\n" % grey.size
        + b"\n".join(b" ".join(b"%d" % value for value in row) for row in np.asarray(grey).tolist()),
    }.items():
        made[name] = (data, grey.convert("RGB"))
    black = np.asarray(bits.convert("L")) == 0
    for name, data in {
        "one-bit.png": saved(bits, "PNG"),
        "one-bit.tif": saved(bits, "TIFF"),
        "one-bit-fax.tif": saved(bits, "TIFF", compression="group4"),
        "one-bit.bmp": saved(bits, "BMP"),
        "one-bit.pbm": saved(bits, "PPM"),
        "one-bit-in-digits.pbm": b"P1 %d %d\n" % bits.size
        + b"\n".join(b" ".join(b"%d" % value for value in row) for row in black.astype(int).tolist()),
    }.items():
        made[name] = (data, bits.convert("RGB"))
    return made


def _palettes(picture: Image.Image) -> dict[str, Twin]:
    made: dict[str, Twin] = {}
    for depth in (1, 2, 4, 8):
        few = picture.quantize(2**depth, dither=Image.Dither.NONE)
        indices, palette = np.asarray(few), bytes(few.getpalette() or [])
        made[f"palette-{depth}-bit.png"] = (png(indices, depth, 3, (b"PLTE", palette)), few.convert("RGB"))
    for name, data in {
        "palette.png": saved(few, "PNG"),
        "palette.gif": saved(few, "GIF"),
        "palette-interlaced.gif": saved(few, "GIF", interlace=1),
        "palette.bmp": saved(few, "BMP"),
        "palette.tif": saved(few, "TIFF"),
    }.items():
        made[name] = (data, few.convert("RGB"))
    return made


def _moving(picture: Image.Image) -> dict[str, Twin]:
    """Animations and files of several pictures: the first counts."""
    others = [picture.transpose(Image.Transpose.ROTATE_180), Image.new("RGB", picture.size, "navy")]
    options: dict[str, Any] = {"save_all": True, "append_images": others}
    few = [frame.quantize(64, dither=Image.Dither.NONE) for frame in (picture, *others)]
    made: dict[str, Twin] = {
        "moving.gif": (saved(few[0], "GIF", save_all=True, append_images=few[1:]), few[0].convert("RGB")),
        "moving.webp": (saved(picture, "WEBP", lossless=True, **options), picture),
        "moving.png": (saved(picture, "PNG", **options), picture),
        "moving.avif": (saved(picture, "AVIF", quality=95, speed=10, subsampling="4:4:4", **options), picture),
        "several.mpo": (saved(picture, "MPO", quality=95, subsampling=0, **options), picture),
        "several.tif": (saved(picture, "TIFF", **options), picture),
    }
    if can_heic():
        made["several.heic"] = (heic(picture, *others, primary_index=0), picture)
    return made


def _plain(picture: Image.Image) -> dict[str, Twin]:
    digits = b"\n".join(b" ".join(b"%d" % value for value in row.reshape(-1)) for row in np.asarray(picture))
    made = {
        "plain.png": saved(picture, "PNG"),
        "plain.jpg": saved(picture, "JPEG", quality=95, subsampling=0),
        "progressive.jpg": saved(picture, "JPEG", quality=95, subsampling=0, progressive=True),
        "subsampled.jpg": saved(picture, "JPEG", quality=95),
        "lossy.webp": saved(picture, "WEBP", quality=95),
        "lossless.webp": saved(picture, "WEBP", lossless=True),
        "plain.avif": saved(picture, "AVIF", quality=95, speed=10),
        "plain.ppm": saved(picture, "PPM"),
        "in-digits.ppm": b"P3\n%d %d\n255\n" % picture.size + digits,
        "named-jpeg-but-png.jpg.png": saved(picture, "PNG"),
    }
    if can_heic():
        made["plain.heic"] = heic(picture)
    return {name: (data, picture) for name, data in made.items()}


def _bmps(picture: Image.Image) -> dict[str, Twin]:
    size, rgb = picture.size, np.asarray(picture)
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    few = picture.quantize(16, dither=Image.Dither.NONE)
    indices = np.asarray(few)
    colours = np.array(few.getpalette(), dtype=np.uint8).reshape(-1, 3)[:, ::-1]
    palette = np.pad(colours, ((0, 16 - len(colours)), (0, 1)))
    high = (rgb >> np.array([3, 2, 3], np.uint8)).astype(np.uint16)
    high_word = high[..., 0] << 11 | high[..., 1] << 5 | high[..., 2]
    high_rgb = (high * np.array([255 / 31, 255 / 63, 255 / 31])).astype(np.uint8)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    opaque = np.dstack([bgr, np.zeros(bgr.shape[:2], np.uint8)])
    made: dict[str, Twin] = {
        "plain.bmp": (saved(picture, "BMP"), picture),
        "32-bit.bmp": (bmp(size, 32, bmp_rows(row.tobytes() for row in opaque[::-1])), picture),
        "top-down.bmp": (bmp(size, 24, bmp_rows(row.tobytes() for row in bgr), top_down=True), picture),
        "os2.bmp": (bmp(size, 24, bmp_rows(row.tobytes() for row in bgr[::-1]), os2=True), picture),
        "16-bit.bmp": (
            bmp(size, 16, bmp_rows(row.tobytes() for row in high_word[::-1]), masks, compression=3),
            Image.fromarray(high_rgb),
        ),
    }
    for name, data in {
        "16-colours.bmp": bmp(size, 4, bmp_rows(packed_rows(indices[::-1], 4)), palette.tobytes()),
        "os2-16-colours.bmp": bmp(size, 4, bmp_rows(packed_rows(indices[::-1], 4)), palette[:, :3].tobytes(), os2=True),
        "runs-8.bmp": bmp(size, 8, run_lengths(indices, 8), palette.tobytes(), compression=1),
        "runs-4.bmp": bmp(size, 4, run_lengths(indices, 4), palette.tobytes(), compression=2),
    }.items():
        made[name] = (data, few.convert("RGB"))
    return made


def _tiffs(picture: Image.Image) -> dict[str, Twin]:
    rgb = np.asarray(picture)
    tags = tiff_tags(rgb)
    in_tiles = {tag: values for tag, values in tags.items() if tag != 278} | {322: (64,), 323: (64,)}
    planes = [np.ascontiguousarray(rgb[:, :, band]).tobytes() for band in range(3)]
    made = {
        "tags-first.tif": tiff(tags, strips(rgb, rgb.shape[0])),
        "strips.tif": tiff(tags | {278: (32,)}, strips(rgb, 32)),
        "big-endian.tif": tiff(tags, strips(rgb, rgb.shape[0]), order=">"),
        "bigtiff.tif": tiff(tags, strips(rgb, rgb.shape[0]), big=True),
        "tiles.tif": tiff(in_tiles, tiles(rgb, 64), tiled=True),
        "planes.tif": tiff(tags | {284: (2,)}, planes),
        "without-lengths.tif": tiff(tags, strips(rgb, rgb.shape[0]), lengths=()),
        "wrong-lengths.tif": tiff(tags, strips(rgb, rgb.shape[0]), lengths=(10**9,)),
        "deflate-strips.tif": tiff(tags | {259: (8,), 278: (32,)}, strips(rgb, 32, zlib.compress)),
        "jpeg.jpg.tif": saved(picture, "TIFF", compression="jpeg", quality=95),
    }
    for compression in ("tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "zstd", "lzma"):
        made[f"{compression.replace('_', '-')}.tif"] = saved(picture, "TIFF", compression=compression)
    return {name: (data, picture) for name, data in made.items()}
