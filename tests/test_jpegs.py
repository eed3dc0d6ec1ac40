"""JPEGs as programs and phones leave them: with broken remarks, with trailers, without their last two bytes."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pictures import STORED_TURNED, drawing, saved
from pigeonhole.errors import UnreadableError
from pigeonhole.images import Preprocessing, to_square, upright_size

SMALL = Preprocessing(size=32, fraction=1.0, crop="squeeze")
PICTURE = drawing(157, 121)
END = b"\xff\xd9"

FORMS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "baseline, full colour": {"subsampling": 0, "quality": 98},
    "progressive": {"progressive": True},
    "progressive, full colour": {"progressive": True, "subsampling": 0, "quality": 98},
    "with places to begin again": {"restart_marker_rows": 1},
    "progressive with places to begin again": {"progressive": True, "restart_marker_blocks": 5},
    "many places to begin again": {"restart_marker_blocks": 1},
}
TRAILERS = {
    "Samsung's": b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFHk\0\0\0\x01\0\0\0\0\0\x01\x0a\x24\0\0\0SEFT",
    "zeros": bytes(5000),
    "a film": b"\0\0\0\x18ftypmp42\0\0\0\0" + bytes(range(256)) * 20,
    "words": b"saved by an app" * 10,
    "nonsense": np.random.default_rng(0).integers(0, 256, 5000, np.uint8).tobytes(),
}


def form(name: str, mode: str = "RGB") -> bytes:
    return saved(PICTURE.convert(mode), "JPEG", **FORMS[name])


def read(data: bytes) -> tuple[str, NDArray[np.uint8]]:
    """Why `data` is refused, or what is seen of it."""
    try:
        return "", to_square(data, SMALL)
    except UnreadableError as error:
        return str(error), np.zeros(0, np.uint8)


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_one_whose_pixels_are_all_there_is_read_without_its_end(name: str, mode: str) -> None:
    data = form(name, mode)
    for length in (1, 2):
        assert np.array_equal(to_square(data[:-length], SMALL), to_square(data, SMALL))


@pytest.mark.parametrize("name", FORMS)
def test_one_that_is_cut_off_is_refused_or_has_all_its_pixels(name: str) -> None:
    data = form(name)
    expected, refused = to_square(data, SMALL), 0
    for missing in (*range(3, 60), *range(60, len(data) - 700, 17)):
        why, pixels = read(data[:-missing])
        assert "cut off" in why or np.array_equal(pixels, expected), missing
        refused += bool(why)
    assert refused > 100


def test_one_that_is_cut_off_behind_any_of_its_scans_but_the_last_is_refused() -> None:
    data = form("progressive")
    starts = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    assert len(starts) > 5
    for start in starts[1:]:
        tables = data.rindex(b"\xff\xc4", 0, start)
        for length in (tables, tables + 1, tables + 2, start - 1, start, start + 1, start + 5):
            assert "cut off" in read(data[:length])[0]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("trailer", TRAILERS)
def test_what_stands_behind_the_pixels_in_place_of_their_end_is_no_harm(name: str, trailer: str) -> None:
    data = form(name)
    expected = to_square(data, SMALL)
    for end in (b"", b"\xff", END):
        assert np.array_equal(to_square(data[:-2] + end + TRAILERS[trailer], SMALL), expected), end


def test_a_second_picture_behind_the_first_without_its_end_is_no_harm() -> None:
    data = form("baseline")
    for other in (saved(PICTURE.rotate(90), "JPEG"), saved(PICTURE, "PNG")):
        assert np.array_equal(to_square(data[:-2] + other, SMALL), to_square(data, SMALL))


def test_the_field_s_own_file_is_read(shared: Path) -> None:
    data = (shared / "data" / "field" / "jpg_no_EOI.jpg").read_bytes()
    assert np.array_equal(to_square(data, SMALL), to_square(data + END, SMALL))


# --- remarks


HALF_A_NUMBER = segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\2\0\1")
SHORT_JFIF = segment(0xE0, b"JFIF\0\1")
NAMES = {0xE0: b"JFIF\0", 0xEE: b"Adobe", 0xED: b"Photoshop 3.0\0", 0xE1: b"Exif\0\0", 0xE2: b"ICC_PROFILE\0"}


def wrong_remarks() -> dict[str, bytes]:
    made = {}
    for marker, name in NAMES.items():
        for length in range(len(name) + 12):
            content = (name + b"8BIM\x04\x04\xff\xff\xff\xff\1\2")[:length]
            made[f"{name!r} of {length} bytes"] = segment(marker, content)
    photoshop = b"Photoshop 3.0\x008BIM\x03\xed\0\0"
    made["Photoshop with a length that is too large"] = segment(0xED, photoshop + b"\x7f\xff\xff\xff" + bytes(20))
    made["Photoshop with half a number"] = HALF_A_NUMBER
    made["many pictures, damaged"] = segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff\xff" + bytes(10))
    made["a colour profile, the third of two"] = segment(0xE2, b"ICC_PROFILE\0\3\2" + bytes(100))
    made["comments"] = segment(0xFE, b"") + segment(0xFE, b"\xff\xd9\xff\xda") + segment(0xFE, bytes(60_000))
    made["every application's"] = b"".join(segment(0xE0 + number, b"\0") for number in range(16))
    return made


@pytest.mark.parametrize("name", ["baseline", "progressive"])
def test_no_remark_makes_a_sound_picture_unreadable(name: str) -> None:
    data = form(name)
    assert data[2:4] == b"\xff\xe0"
    behind_jfif = 4 + int.from_bytes(data[4:6])
    for remark, raw in wrong_remarks().items():
        for changed in (
            data[:2] + raw + data[behind_jfif:],
            data[:2] + raw + data[2:],
            data[:behind_jfif] + raw + data[behind_jfif:],
        ):
            assert np.array_equal(to_square(changed, SMALL), to_square(data, SMALL)), remark
            assert upright_size(changed) == PICTURE.size
            assert np.array_equal(to_square(changed[:-2], SMALL), to_square(data, SMALL)), remark


def test_an_orientation_beside_broken_remarks_is_obeyed() -> None:
    for orientation, turn in STORED_TURNED.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = PICTURE if turn is None else PICTURE.transpose(turn)
        data = saved(stored, "JPEG", quality=95, exif=exif)
        broken = (
            data[:2]
            + segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\2\0\1")
            + segment(0xE0, b"JFIF\0\1")
            + data[2:]
        )
        for changed in (broken, broken[:-2]):
            assert np.array_equal(to_square(changed, SMALL), to_square(data, SMALL))
            assert upright_size(changed) == PICTURE.size


def test_the_colours_that_adobe_s_remark_tells_are_kept_where_others_are_broken() -> None:
    inks = saved(PICTURE.convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in inks
    broken = (
        inks[:2]
        + segment(0xE0, b"JFIF\0\1")
        + segment(0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\2\0\1")
        + inks[2:]
    )
    assert np.array_equal(to_square(broken, SMALL), to_square(inks, SMALL))
    assert np.array_equal(to_square(broken[:-2], SMALL), to_square(inks, SMALL))
