"""BMPs of every header and layout of bits show what every other program shows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bmps import HEADERS, MASKS, MASKS_WITH_ALPHA, Samples, masked_bmp, palette_bmp
from pictures import bmp, bmp_rows, drawing, saved
from pigeonhole.errors import UnreadableError
from pigeonhole.images import Preprocessing, to_square, upright_size

SMALL = Preprocessing(size=32, fraction=1.0, crop="squeeze")
WIDTH, HEIGHT = 41, 30

LAYOUTS: dict[str, tuple[int, tuple[int, int, int, int]]] = {
    "565": (16, (0xF800, 0x7E0, 0x1F, 0)),
    "555": (16, (0x7C00, 0x3E0, 0x1F, 0)),
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "444": (16, (0xF00, 0xF0, 0xF, 0)),
    "231": (16, (0x3, 0x1C, 0x20, 0)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "888": (32, (0xFF0000, 0xFF00, 0xFF, 0)),
    "rgba": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "abgr": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    "2 10 10 10": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
    "10 11 11": (32, (0xFFC00000, 0x3FF800, 0x7FF, 0)),
    "8 12 8 4": (32, (0xFF000000, 0xFFF000, 0xFF0, 0xF)),
}


def rgba() -> Samples:
    """The lower left is transparent, with a loud colour hidden in it."""
    down, across = np.mgrid[0:1:HEIGHT * 1j, 0:1:WIDTH * 1j]  # fmt: skip
    alpha = (np.clip((across - down + 0.5) * 4, 0, 1) * 255).astype(np.uint8)
    rgb = np.where(alpha[..., None] == 0, np.array((255, 0, 255), np.uint8), np.asarray(drawing(WIDTH, HEIGHT)))
    return np.dstack([rgb, alpha])


def expected(samples: Samples, masks: tuple[int, int, int, int], has_alpha: bool) -> Image.Image:
    levels = [mask >> ((mask & -mask).bit_length() - 1) if mask else 255 for mask in masks]
    kept = np.rint(np.rint(samples * (np.array(levels) / 255)) * (255 / np.array(levels)))
    alpha = kept[..., 3:] / 255 if has_alpha and masks[3] else 1.0
    return Image.fromarray(np.rint(255 - (255 - kept[..., :3]) * alpha).astype(np.uint8))


def difference(data: bytes, twin: Image.Image) -> float:
    return float(np.abs(to_square(data, SMALL).astype(int) - to_square(saved(twin, "PNG"), SMALL)).mean())


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("top_down", [False, True])
def test_every_mask_in_every_header(name: str, header: int, top_down: bool) -> None:
    depth, masks = LAYOUTS[name]
    data = masked_bmp(rgba(), depth, masks, header=header, top_down=top_down)
    assert difference(data, expected(rgba(), masks, header >= 56)) < (4 if depth == 16 else 1)
    assert upright_size(data) == (WIDTH, HEIGHT)


def test_masks_with_alpha_behind_a_short_header() -> None:
    depth, masks = LAYOUTS["4444"]
    data = masked_bmp(rgba(), depth, masks, header=40, compression=MASKS_WITH_ALPHA)
    assert difference(data, expected(rgba(), masks, has_alpha=True)) < 1


@pytest.mark.parametrize("name", [name for name, (_, masks) in LAYOUTS.items() if masks[3]])
@pytest.mark.parametrize("header", [56, 108, 124])
def test_alpha_that_is_zero_everywhere_says_nothing(name: str, header: int) -> None:
    depth, masks = LAYOUTS[name]
    opaque = rgba()
    opaque[..., 3] = 0
    data = masked_bmp(opaque, depth, masks, header=header)
    assert difference(data, expected(opaque, masks, has_alpha=False)) < 4


def test_the_field_s_own_file_is_not_white(shared: Path) -> None:
    data = (shared / "data" / "field" / "bmp_v4_alpha_mask_all_zero_seen_white.bmp").read_bytes()
    assert to_square(data, SMALL).std() > 60


def test_the_fourth_byte_of_a_pixel_without_masks_is_no_alpha() -> None:
    pixels = rgba()[..., (2, 1, 0, 3)]
    data = bmp((WIDTH, HEIGHT), 32, bmp_rows(row.tobytes() for row in pixels[::-1]))
    assert difference(data, Image.fromarray(rgba()[..., :3].copy())) == 0


@pytest.mark.parametrize("depth", [1, 4, 8])
@pytest.mark.parametrize(
    "colours", [[(0, 0, 0), (255, 255, 255)], [(255, 255, 255), (0, 0, 0)], [(9, 80, 200), (250, 240, 0)]]
)
@pytest.mark.parametrize("header", HEADERS)
def test_a_palette_of_two_colours_at_every_depth(depth: int, colours: list[tuple[int, int, int]], header: int) -> None:
    bits = np.asarray(drawing(WIDTH, HEIGHT).convert("1")).astype(np.uint8)
    table = np.array(colours, np.uint8)
    data = palette_bmp(bits, depth, table, header=header)
    assert difference(data, Image.fromarray(table[bits])) == 0


@pytest.mark.parametrize("used", [None, 0])
@pytest.mark.parametrize("count", [16, 100, 256])
def test_a_grey_palette_of_any_length(count: int, used: int | None) -> None:
    levels = (np.asarray(drawing(WIDTH, HEIGHT).convert("L")).astype(int) * (count - 1) // 255).astype(np.uint8)
    table = np.repeat(np.linspace(0, 255, count).astype(np.uint8)[:, None], 3, axis=1)
    if used == 0:
        table = np.pad(table, ((0, 256 - count), (0, 0)))
    data = palette_bmp(levels, 8, table, used=used)
    assert difference(data, Image.fromarray(table[levels])) == 0


@pytest.mark.parametrize("header", [40, 124])
def test_bytes_that_only_fill_up_the_last_row_may_be_missing(header: int) -> None:
    odd = np.ascontiguousarray(rgba()[:, :39])
    whole = masked_bmp(odd, 16, LAYOUTS["565"][1], header=header, top_down=True)
    assert np.array_equal(to_square(whole[:-2], SMALL), to_square(whole, SMALL))
    with pytest.raises(UnreadableError, match="cut off"):
        to_square(whole[:-3], SMALL)
    masked = masked_bmp(odd, 16, LAYOUTS["4444"][1], header=124, top_down=True)
    assert np.array_equal(to_square(masked[:-2], SMALL), to_square(masked, SMALL))
    with pytest.raises(UnreadableError, match="cut off"):
        to_square(masked[:-3], SMALL)


@pytest.mark.parametrize(("depth", "compression"), [(2, 0), (64, 0), (24, 4), (24, 5), (16, 99), (32, 11)], ids=str)
def test_other_layouts_are_refused(depth: int, compression: int) -> None:
    data = bmp((WIDTH, HEIGHT), depth, bytes(WIDTH * HEIGHT * 8), compression=compression)
    with pytest.raises(UnreadableError, match="this sort of BMP cannot be read here"):
        to_square(data, SMALL)


def test_masks_that_hold_nothing_are_refused() -> None:
    data = masked_bmp(rgba(), 32, (0, 0xFF00, 0xFF, 0), compression=MASKS)
    with pytest.raises(UnreadableError, match="this sort of BMP cannot be read here"):
        to_square(data, SMALL)
