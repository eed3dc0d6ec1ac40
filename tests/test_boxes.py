"""AVIF and HEIC are shown as their properties say: a part of them, turned, mirrored, in that order."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import STORED_TURNED, can_heic, clean_aperture, drawing, heic, saved, turning, with_properties
from pigeonhole.images import Preprocessing, to_square, upright_size

SMALL = Preprocessing(size=32, fraction=1.0, crop="squeeze")
WIDTH, HEIGHT = 160, 120
FORMATS = ["AVIF", *(["HEIC"] if can_heic() else [])]


def written(picture: Image.Image, kind: str) -> bytes:
    if kind == "HEIC":
        return heic(picture)
    return saved(picture, "AVIF", quality=95, speed=10, subsampling="4:4:4")


def difference(data: bytes, twin: Image.Image) -> float:
    return float(np.abs(to_square(data, SMALL).astype(int) - to_square(saved(twin, "PNG"), SMALL)).mean())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("size", "offset"), [((100, 80), (0, 0)), ((80, 60), (-40, 30)), ((60, 60), (50, -30)), ((160, 120), (0, 0))]
)
def test_the_part_that_is_to_be_shown_is_cut_out_and_then_turned(
    kind: str, orientation: int, size: tuple[int, int], offset: tuple[int, int]
) -> None:
    shown = drawing(*size)
    turn = STORED_TURNED[orientation]
    part = shown if turn is None else shown.transpose(turn)
    stored = Image.new("RGB", (WIDTH, HEIGHT), "magenta")
    left, top = (WIDTH - part.width) // 2 + offset[0], (HEIGHT - part.height) // 2 + offset[1]
    if not (0 <= left <= WIDTH - part.width and 0 <= top <= HEIGHT - part.height):
        offset, left, top = (0, 0), (WIDTH - part.width) // 2, (HEIGHT - part.height) // 2
    if part.width > WIDTH or part.height > HEIGHT:
        stored, left, top = Image.new("RGB", part.size, "magenta"), 0, 0
    stored.paste(part, (left, top))
    data = with_properties(
        written(stored, kind), clean_aperture(part.width, part.height, *offset), *turning(orientation)
    )
    assert difference(data, shown) < 3  # the loud colour beside it bleeds over the edge
    assert upright_size(data) == size


@pytest.mark.parametrize("kind", FORMATS)
def test_edges_between_pixels_are_those_next_to_them(kind: str) -> None:
    stored = Image.new("RGB", (WIDTH, HEIGHT), "magenta")
    stored.paste(drawing(100, 80), (30, 20))
    data = with_properties(written(stored, kind), clean_aperture(200, 160, 0, 0, below=2))
    assert difference(data, drawing(100, 80)) < 3


@pytest.mark.parametrize(
    "wrong",
    [
        clean_aperture(500, 80, 0, 0),
        clean_aperture(100, 80, 90, 0),
        clean_aperture(0, 0, 0, 0),
        (b"clap", struct.pack(">LLLLlLlL", 100, 0, 80, 0, 0, 0, 0, 0)),
    ],
    ids=["larger than the picture", "beside the picture", "nothing", "divided by zero"],
)
def test_a_part_that_makes_no_sense_is_not_cut_out(wrong: tuple[bytes, bytes]) -> None:
    picture = drawing(WIDTH, HEIGHT)
    data = with_properties(written(picture, "AVIF"), wrong)
    assert difference(data, picture) < 1


def test_the_field_s_own_file_is_cut_out(shared: Path) -> None:
    data = (shared / "data" / "field" / "avif_clap_crop_ignored_from_libavif_tests.avif").read_bytes()
    assert upright_size(data) == (180, 100)
    assert (to_square(data, SMALL)[:, 4:12] != 255).any()  # in full it is white there
