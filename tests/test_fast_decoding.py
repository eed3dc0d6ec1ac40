"""Quick ways to decode show the model what the plain way shows it."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngImageFile, PngInfo

from pictures import chunk, drawing, interlaced_png, png, saved
from pigeonhole.formats.png import plain_png
from pigeonhole.images import Preprocessing, to_square

MODEL = Preprocessing()


def slowly(data: bytes) -> np.ndarray:
    """Every pixel decoded by Pillow, turned, converted, and scaled in one step."""
    with Image.open(BytesIO(data)) as stored:
        picture = ImageOps.exif_transpose(stored)
    if picture.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    box = MODEL.box(*picture.size)
    return np.asarray(picture.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR, box))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean, 0 to 255."""
    return float(np.abs(one.astype(int) - other).mean())


def test_real_pictures_look_the_same_decoded_quickly_and_slowly(shared: Path) -> None:
    pictures = sorted(path for path in (shared / "data" / "superheroes").rglob("*.*") if path.is_file())
    data = [path.read_bytes() for path in pictures if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    differences = [difference(to_square(each, MODEL), slowly(each)) for each in data]
    assert len(differences) > 500
    assert max(differences) <= 2


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(640, 480), (300, 1200), (1500, 1100), (60, 40)])
def test_a_png_is_the_same_to_the_last_bit(mode: str, size: tuple[int, int]) -> None:
    picture = drawing(*size).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(size))
    data = saved(picture, "PNG")
    with PngImageFile(BytesIO(data)) as opened:
        quick = plain_png(data, opened)
    assert quick is not None
    assert quick.mode == mode
    assert (np.asarray(quick) == np.asarray(picture)).all()
    assert difference(to_square(data, MODEL), slowly(data)) < 1


def test_a_png_in_several_passes_is_the_same_to_the_last_bit() -> None:
    pixels = np.asarray(drawing(333, 250))
    data = interlaced_png(pixels)
    with PngImageFile(BytesIO(data)) as opened:
        quick = plain_png(data, opened)
    assert quick is not None
    assert (np.asarray(quick) == pixels).all()


def test_a_png_with_many_pieces_and_remarks_is_the_same_to_the_last_bit() -> None:
    """Noise, so that Pillow writes a dozen pieces."""
    pixels = np.random.default_rng(0).integers(0, 256, (700, 500, 3), dtype=np.uint8)
    data = saved(Image.fromarray(pixels), "PNG", icc_profile=b"colours", dpi=(300, 300))
    assert data.count(b"IDAT") > 3
    with PngImageFile(BytesIO(data)) as opened:
        quick = plain_png(data, opened)
    assert quick is not None
    assert (np.asarray(quick) == pixels).all()


def test_a_png_with_half_its_pixels_is_left_to_pillow() -> None:
    """Its chunks themselves are sound."""
    data = png(np.asarray(drawing(64, 48)), 8, 2)
    start = data.index(b"IDAT")
    packed = data[start + 4 : -16]
    halved = data[: start - 4] + chunk(b"IDAT", packed[: len(packed) // 2]) + chunk(b"IEND", b"")
    with PngImageFile(BytesIO(halved)) as opened:
        assert plain_png(halved, opened) is None


@pytest.mark.parametrize(
    "data",
    [
        saved(drawing(64, 48).convert("L"), "PNG"),
        saved(drawing(64, 48).quantize(8), "PNG"),
        saved(drawing(64, 48), "PNG", transparency=(255, 255, 255)),
        saved(drawing(64, 48), "PNG")[:-200],
    ],
    ids=["grey", "palette", "transparent colour", "cut off"],
)
def test_any_other_png_is_left_to_pillow(data: bytes) -> None:
    with PngImageFile(BytesIO(data)) as opened:
        assert plain_png(data, opened) is None


@pytest.mark.parametrize("remark", ["eXIf", "xmp"])
def test_a_png_that_says_how_it_is_held_is_turned(remark: str) -> None:
    """Also where it says so behind its pixels."""
    picture = drawing(640, 400)
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    if remark == "eXIf":
        data = saved(turned, "PNG", exif=exif.tobytes())
    else:
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
        data = saved(turned, "PNG", pnginfo=info)
    assert difference(to_square(data, MODEL), to_square(saved(picture, "PNG"), MODEL)) < 1
