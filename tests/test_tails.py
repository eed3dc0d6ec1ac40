"""Files that lack their end: read where all pixels are there, otherwise refused; nothing between."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pictures import can_heic, drawing, heic, saved
from pigeonhole.errors import UnreadableError
from pigeonhole.formats.complete import has_end
from pigeonhole.images import Preprocessing, to_square

SMALL = Preprocessing(size=32, fraction=1.0, crop="squeeze")
PICTURE = drawing(97, 73)
OTHERS = [PICTURE.rotate(90), PICTURE.rotate(180)]


def exif(orientation: int = 6, remark: int = 300) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = "x" * remark
    return made


def softened() -> Image.Image:
    picture = PICTURE.convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


def read(data: bytes) -> tuple[str, NDArray[np.uint8]]:
    """Why `data` is refused, or what is seen of it."""
    try:
        return "", to_square(data, SMALL)
    except UnreadableError as error:
        return str(error), np.zeros(0, np.uint8)


def webp_with(content: bytes, *, lossless: bool = False) -> bytes:
    """A WebP with an EXIF that has `content`."""
    return saved(PICTURE, "WEBP", lossless=lossless, exif=content)


WRITERS: dict[str, Callable[[], bytes]] = {
    "GIF": lambda: saved(PICTURE.quantize(64), "GIF"),
    "GIF, interlaced": lambda: saved(PICTURE.quantize(64), "GIF", interlace=1),
    "GIF with a comment": lambda: saved(PICTURE.quantize(64), "GIF", comment=b"hello " * 50),
    "moving GIF": lambda: saved(
        PICTURE.quantize(64), "GIF", save_all=True, append_images=[each.quantize(64) for each in OTHERS]
    ),
    "lossy WebP": lambda: saved(PICTURE, "WEBP"),
    "lossy WebP with remarks": lambda: saved(PICTURE, "WEBP", exif=exif(), xmp=b"<x>" + b"y" * 200),
    "lossless WebP with remarks": lambda: saved(PICTURE, "WEBP", lossless=True, exif=exif()),
    "soft WebP with remarks": lambda: saved(softened(), "WEBP", exif=exif(3)),
    "moving WebP with remarks": lambda: saved(PICTURE, "WEBP", save_all=True, append_images=OTHERS, exif=exif()),
    "AVIF": lambda: saved(PICTURE, "AVIF", speed=10),
    "AVIF with remarks": lambda: saved(PICTURE, "AVIF", speed=10, exif=exif()),
    "soft AVIF": lambda: saved(softened(), "AVIF", speed=10),
    "moving AVIF": lambda: saved(PICTURE, "AVIF", speed=10, save_all=True, append_images=OTHERS),
    "BMP": lambda: saved(PICTURE, "BMP"),
    "TIFF": lambda: saved(PICTURE, "TIFF"),
    "deflate TIFF": lambda: saved(PICTURE, "TIFF", compression="tiff_adobe_deflate"),
    "PPM": lambda: saved(PICTURE, "PPM"),
}
if can_heic():
    WRITERS["HEIC"] = lambda: heic(PICTURE)
    WRITERS["HEIC with remarks"] = lambda: heic(PICTURE, exif=exif().tobytes())
    WRITERS["HEIC of several"] = lambda: heic(PICTURE, OTHERS[0], primary_index=0)
MAY_BE_READ = ("GIF", "WebP with remarks", "BMP")


@pytest.mark.parametrize("writer", WRITERS)
def test_cut_at_any_byte_of_its_end_it_is_refused_or_has_the_pixels_of_the_whole(writer: str) -> None:
    data = WRITERS[writer]()
    expected, reads = to_square(data, SMALL), 0
    for missing in range(1, min(len(data) - 40, 450)):
        why, pixels = read(data[:-missing])
        if why:
            assert any(word in why for word in ("cut off", "damaged", "not complete")), why
        else:
            assert np.array_equal(pixels, expected), missing
            reads += 1
    if not any(part in writer for part in MAY_BE_READ):
        assert reads == 0


@pytest.mark.parametrize("colours", [2, 16, 256])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_gif_without_its_last_bytes_is_read(colours: int, interlaced: bool) -> None:
    data = saved(PICTURE.quantize(colours), "GIF", interlace=int(interlaced))
    assert data.endswith(b"\0;")
    for missing in (1, 2):
        assert np.array_equal(to_square(data[:-missing], SMALL), to_square(data, SMALL))


def test_a_moving_gif_of_which_only_the_last_byte_is_missing_is_read_and_others_are_cut_off() -> None:
    data = WRITERS["moving GIF"]()
    assert np.array_equal(to_square(data[:-1], SMALL), to_square(data, SMALL))
    for missing in range(2, len(data) - 1000, 7):
        why, pixels = read(data[:-missing])
        assert "cut off" in why or np.array_equal(pixels, to_square(data, SMALL)), missing


@pytest.mark.parametrize("filling", [0, 1, 100, 2000, 100_000])
@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_whose_exif_ends_with_zeros_is_complete(filling: int, lossless: bool) -> None:
    content = exif(1).tobytes()
    data = webp_with(content + bytes(filling), lossless=lossless)
    assert np.array_equal(to_square(data, SMALL), to_square(webp_with(content, lossless=lossless), SMALL))


@pytest.mark.skipif(not can_heic(), reason="needs pillow-heif")
@pytest.mark.parametrize("filling", [100, 2000, 100_000])
def test_a_heic_whose_exif_ends_with_zeros_is_complete(filling: int) -> None:
    plain, padded = heic(PICTURE), heic(PICTURE, exif=exif(1).tobytes() + bytes(filling))
    assert np.array_equal(to_square(padded, SMALL), to_square(plain, SMALL))


def test_an_avif_whose_exif_ends_with_zeros_is_complete() -> None:
    padded = saved(PICTURE, "AVIF", speed=10, exif=exif(1).tobytes() + bytes(20_000))
    assert np.array_equal(to_square(padded, SMALL), to_square(saved(PICTURE, "AVIF", speed=10), SMALL))


@pytest.mark.parametrize("writer", [name for name in WRITERS if "WebP" in name or "AVIF" in name or "HEIC" in name])
def test_one_of_which_the_end_is_not_written_yet_is_refused(writer: str) -> None:
    data = WRITERS[writer]()
    for share in (0.2, 0.4, 0.6):
        written = int(len(data) * share)
        assert read(data[:written] + bytes(len(data) - written))[0], share


def test_the_field_s_own_files_are_read(shared: Path) -> None:
    field = shared / "data" / "field"
    for name in ("gif_no_trailer.gif", "webp_sound_with_exif_padding_called_incomplete.webp", "jpg_no_EOI.jpg"):
        assert to_square((field / name).read_bytes(), SMALL).std() > 50, name


# --- whether it may still be written to


ENDINGS: dict[str, tuple[Callable[[], bytes], int]] = {
    "JPEG": (lambda: saved(PICTURE, "JPEG"), 2),
    "JPEG with a thumbnail": (lambda: saved(PICTURE, "JPEG", exif=exif_with_thumbnail()), 2),
    "PNG": (lambda: saved(PICTURE, "PNG"), 12),
    "GIF": (WRITERS["GIF"], 1),
    "WebP with remarks": (WRITERS["lossy WebP with remarks"], 10),
    "AVIF": (WRITERS["AVIF"], 10),
}


def exif_with_thumbnail() -> bytes:
    return b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + saved(PICTURE.resize((20, 20)), "JPEG")


@pytest.mark.parametrize("kind", ENDINGS)
def test_what_has_its_end_and_what_lacks_it(kind: str) -> None:
    writer, missing = ENDINGS[kind]
    data = writer()
    assert has_end(data)
    assert has_end(data + b"what an app appended")
    for length in range(1, missing + 1):
        assert not has_end(data[:-length])


@pytest.mark.parametrize("writer", WRITERS)
def test_every_whole_file_has_its_end(writer: str) -> None:
    assert has_end(WRITERS[writer]())
