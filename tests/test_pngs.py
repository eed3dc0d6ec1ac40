"""A PNG is judged by what its pixels depend on; what else programs write into it does no harm, however wrong it is."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import STORED_TURNED, chunk, drawing, interlaced_png, png, saved
from pigeonhole.errors import UnreadableError
from pigeonhole.formats.signature import looks_like_picture
from pigeonhole.images import Preprocessing, to_square, upright_size

SMALL = Preprocessing(size=32, fraction=1.0, crop="squeeze")
PICTURE = drawing(61, 47)
SIGNATURE_AND_HEADER = 33
ANCILLARY = [
    *(b"tEXt", b"zTXt", b"iTXt", b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"bKGD", b"hIST", b"sBIT", b"sPLT"),
    *(b"tIME", b"eXIf", b"acTL", b"fcTL", b"cICP", b"mDCV", b"cLLI", b"oFFs", b"pCAL", b"prVt"),
]
BLOATED = zlib.compress(b"x" * 3_000_000)


def with_chunk(data: bytes, raw: bytes, *, behind: bool = False) -> bytes:
    """`data` with a chunk behind its header, or behind its pixels."""
    at = len(data) - 12 if behind else SIGNATURE_AND_HEADER
    return data[:at] + raw + data[at:]


def wrongs(kind: bytes) -> dict[str, bytes]:
    sound = chunk(kind, b"Comment\0hello")
    return {
        "empty": chunk(kind, b""),
        "too short": chunk(kind, b"\0"),
        "8 bytes": chunk(kind, bytes(8)),
        "too long": chunk(kind, bytes(range(256)) * 5),
        "wrong checksum": sound[:-4] + b"\0\0\0\0",
        "without a text": chunk(kind, b"no end to this keyword"),
        "no such packing": chunk(kind, b"Comment\0\x07\x07\0\0" + b"garbage"),
        "damaged packing": chunk(kind, b"Comment\0\0" + BLOATED[:20] + b"\xff" * 50),
        "3 MB unpacked": chunk(kind, b"Comment\0\0" + BLOATED),
        "3 MB unpacked, international": chunk(kind, b"Comment\0\1\0\0\0" + BLOATED),
        "3 MB": chunk(kind, b"Comment\0" + b"x" * 3_000_000),
    }


@pytest.mark.parametrize("kind", ANCILLARY, ids=lambda kind: kind.decode())
def test_no_remark_makes_a_sound_picture_unreadable(kind: bytes) -> None:
    for mode in ("RGB", "P", "L", "RGBA"):
        sound = saved(PICTURE.convert(mode) if mode != "P" else PICTURE.quantize(50), "PNG")
        expected = to_square(sound, SMALL)
        for name, raw in wrongs(kind).items():
            for behind in (False, True):
                data = with_chunk(sound, raw, behind=behind)
                assert np.array_equal(to_square(data, SMALL), expected), (mode, name, behind)
                assert upright_size(data) == PICTURE.size


def test_a_hundred_large_remarks_are_no_harm() -> None:
    data = saved(PICTURE, "PNG")
    for _ in range(100):
        data = with_chunk(data, chunk(b"zTXt", b"Comment\0\0" + BLOATED))
    assert np.array_equal(to_square(data, SMALL), to_square(saved(PICTURE, "PNG"), SMALL))


def test_the_field_s_own_files_are_read(shared: Path) -> None:
    files = sorted((shared / "data" / "field").glob("png_*.png"))
    assert len(files) >= 4
    first, *others = (to_square(path.read_bytes(), SMALL) for path in files)
    for other in others:
        assert np.array_equal(first, other)


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"tRNS", b"IDAT"], ids=lambda kind: kind.decode())
def test_what_the_pixels_depend_on_has_to_be_sound(kind: bytes) -> None:
    few = PICTURE.quantize(50)
    data = bytearray(saved(few, "PNG", transparency=3))
    to_square(bytes(data), SMALL)
    at = data.index(kind)
    data[at + 4 + int.from_bytes(data[at - 4 : at])] ^= 1
    with pytest.raises(UnreadableError, match="it is damaged: a checksum in the PNG is wrong"):
        to_square(bytes(data), SMALL)


@pytest.mark.parametrize(("colour", "length"), [(0, 1), (0, 6), (2, 2), (2, 5), (4, 2), (6, 6)])
def test_a_transparent_colour_of_another_length_says_nothing(colour: int, length: int) -> None:
    pixels = np.asarray(PICTURE.convert({0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}[colour]))
    sound, odd = png(pixels, 8, colour), png(pixels, 8, colour, (b"tRNS", bytes(length)))
    assert np.array_equal(to_square(odd, SMALL), to_square(sound, SMALL))


def test_a_palette_in_a_picture_of_full_colours_says_nothing() -> None:
    pixels = np.asarray(PICTURE)
    for length in (0, 1, 3, 770):
        data = png(pixels, 8, 2, (b"PLTE", bytes(length)))
        assert np.array_equal(to_square(data, SMALL), to_square(saved(PICTURE, "PNG"), SMALL))


def test_a_picture_of_an_iphone_s_program_is_refused_by_its_name() -> None:
    data = saved(PICTURE, "PNG")
    apples = data[:8] + chunk(b"CgBI", bytes(4)) + data[8:]
    with pytest.raises(UnreadableError, match="CgBI"):
        to_square(apples, SMALL)


# --- which way up


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def profile(exif: bytes) -> bytes:
    return b"\nexif\n%8d\n" % len(exif) + b"\n".join(
        exif.hex()[at : at + 72].encode() for at in range(0, 2 * len(exif), 72)
    )


WAYS: dict[str, Callable[[int], bytes]] = {
    "eXIf": lambda o: chunk(b"eXIf", exif_of(o).removeprefix(b"Exif\0\0")),
    "tEXt": lambda o: chunk(b"tEXt", b"Raw profile type exif\0" + profile(exif_of(o))),
    "tEXt, APP1": lambda o: chunk(b"tEXt", b"Raw profile type APP1\0" + profile(exif_of(o))),
    "zTXt": lambda o: chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile(exif_of(o)))),
    "xmp": lambda o: chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation='%d'/>" % o),
    "xmp element": lambda o: chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<tiff:Orientation>%d</tiff:Orientation>" % o),
    "packed xmp of 3 MB": lambda o: chunk(
        b"iTXt",
        b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * 3_000_000 + b'<x tiff:Orientation="%d"/>' % o),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("behind", [False, True])
def test_every_way_to_say_how_it_was_held_is_obeyed(way: str, orientation: int, behind: bool) -> None:
    turn = STORED_TURNED[orientation]
    stored = PICTURE if turn is None else PICTURE.transpose(turn)
    for mode in ("RGB", "L"):
        data = with_chunk(saved(stored.convert(mode), "PNG"), WAYS[way](orientation), behind=behind)
        difference = np.abs(to_square(data, SMALL).astype(int) - to_square(saved(PICTURE.convert(mode), "PNG"), SMALL))
        assert difference.mean() < 0.1  # turning swaps the two passes of scaling
        assert upright_size(data) == PICTURE.size


def test_a_remark_with_a_wrong_checksum_turns_nothing() -> None:
    for way, remark in WAYS.items():
        data = with_chunk(saved(PICTURE, "PNG"), remark(6)[:-4] + b"\0\0\0\0")
        assert np.array_equal(to_square(data, SMALL), to_square(saved(PICTURE, "PNG"), SMALL)), way


# --- a file that lacks its end


def cut_at_every_byte(data: bytes, least: int) -> tuple[list[int], list[int]]:
    """Which lengths from `least` on are read, all of them with the pixels of the whole, and which are refused."""
    expected, read, refused = to_square(data, SMALL), [], []
    for length in range(least, len(data)):
        try:
            assert np.array_equal(to_square(data[:length], SMALL), expected), length
            read.append(length)
        except UnreadableError as error:
            refused.append((length, str(error)))
    assert all("cut off" in why for _, why in refused), refused
    return read, [length for length, _ in refused]


@pytest.mark.parametrize(
    "data",
    [
        saved(PICTURE, "PNG"),
        saved(PICTURE.quantize(20), "PNG"),
        saved(PICTURE.convert("LA"), "PNG"),
        interlaced_png(np.asarray(PICTURE)),
        png(np.asarray(PICTURE).astype(np.uint16) * 257, 16, 2),
    ],
    ids=["rgb", "palette", "grey and alpha", "in several passes", "16 bits"],
)
def test_one_whose_pixels_are_all_there_is_read_without_its_end(data: bytes) -> None:
    """The last piece of pixels ends with a checksum of its own, of 4 bytes, which need not be there either."""
    read, refused = cut_at_every_byte(data, len(data) - 60)
    assert set(range(len(data) - 16, len(data))) <= set(read)
    assert refused
    assert max(refused) < min(read)


def test_one_with_half_a_remark_behind_its_pixels_is_read() -> None:
    data = with_chunk(saved(PICTURE, "PNG"), chunk(b"tEXt", b"Comment\0" + b"x" * 100), behind=True)
    read, _ = cut_at_every_byte(data, len(data) - 110)
    assert len(read) == 110


def test_an_animation_whose_later_frames_are_missing_is_cut_off() -> None:
    data = saved(PICTURE, "PNG", save_all=True, append_images=[PICTURE.rotate(90), PICTURE.rotate(180)])
    read, refused = cut_at_every_byte(data, data.index(b"fcTL", 200))
    assert read == list(range(len(data) - 12, len(data)))
    assert refused


def test_a_bomb_in_pixels_is_not_unpacked_further_than_the_picture_goes() -> None:
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    bomb = zlib.compress(bytes(200_000_000), 9)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", bomb)
    assert looks_like_picture(data)
    assert to_square(data, SMALL).max() == 0
