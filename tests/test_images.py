"""What `to_square` promises: the same answer for a picture in any format, and a reason for what is no picture."""

import os
import random
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from commands import TIMEOUT
from pictures import can_heic, chunk, drawing, heic, png, saved, twins
from pigeonhole.errors import UnreadableError
from pigeonhole.formats.signature import HEAD_BYTES, looks_like_picture
from pigeonhole.images import MAX_PIXELS, Preprocessing, to_square
from pigeonhole.images.preprocessing import FILL, Interpolation
from tiffs import assembled

# Pillow remarks on damaged files by warnings; here, as for users, they must not decide what happens.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

MODEL = Preprocessing(size=224, fraction=224 / 256)
SMALL = Preprocessing(size=32, fraction=1.0)
SQUEEZED = Preprocessing(size=224, fraction=1.0, crop="squeeze")
LETTERBOX = Preprocessing(size=224, fraction=1.0, crop="letterbox")
RULES = (MODEL, SQUEEZED, LETTERBOX)

# Mean absolute difference (of 0 to 255) that a format may make; one that is not named here loses nothing at all.
LOSSY = {".jpg": 1.0, ".mpo": 1.0, ".avif": 1.0, ".heic": 0.5, "lossy.webp": 1.0, "jpeg.jpg.tif": 0.2}
# Turning swaps the two passes of scaling, each of which rounds to whole numbers.
TURNED_BUT_LOSSLESS = 0.01

Family = dict[str, tuple[bytes, Image.Image]]


@pytest.fixture(scope="module")
def family() -> Family:
    return twins(drawing(402, 299))


@pytest.fixture(scope="module")
def small_files() -> dict[str, bytes]:
    return {name: data for name, (data, _) in twins(drawing(40, 30)).items()}


def plain(picture: Image.Image, rule: Preprocessing = MODEL) -> NDArray[np.uint8]:
    """What the model sees of a picture that is stored as an ordinary RGB PNG."""
    return to_square(saved(picture, "PNG"), rule)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def reason(data: bytes, preprocessing: Preprocessing = SMALL) -> str:
    """Why `data` is refused; the test fails if it is not, or if the reason is not for people."""
    with pytest.raises(UnreadableError) as refused:
        to_square(data, preprocessing)
    words = str(refused.value)
    assert words
    assert not any(code in words for code in ("<", "0x", "Error", "b'", "None", "\n")), words
    return words


# --- the same picture in every format


def allowed(name: str) -> float:
    lossy = next((most for ending, most in LOSSY.items() if name.endswith(ending)), None)
    return lossy if lossy is not None else TURNED_BUT_LOSSLESS if name.startswith("orientation-") else 0.0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.crop)
def test_every_format_gives_the_same_pixels_as_the_plain_picture(family: Family, rule: Preprocessing) -> None:
    differing = {}
    for name, (data, reference) in family.items():
        found = difference(to_square(data, rule), plain(reference, rule))
        if found > allowed(name):
            differing[name] = found
    assert differing == {}
    assert len(family) > (145 if not can_heic() else 155)


def test_every_format_is_known_by_its_first_bytes(family: Family) -> None:
    assert [name for name, (data, _) in family.items() if not looks_like_picture(data[:HEAD_BYTES])] == []


def test_the_result_is_a_square_of_rgb_bytes(family: Family) -> None:
    for data, _ in family.values():
        square = to_square(data, SMALL)
        assert square.shape == (32, 32, 3)
        assert square.dtype == np.uint8


@pytest.fixture(scope="module")
def upright() -> Callable[[tuple[int, int]], tuple[Image.Image, list[NDArray[np.uint8]]]]:
    """A drawing of a size, and what the model sees of it by each of RULES."""

    @cache
    def made(size: tuple[int, int]) -> tuple[Image.Image, list[NDArray[np.uint8]]]:
        picture = drawing(*size)
        return picture, [plain(picture, rule) for rule in RULES]

    return made


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(300, 401), (2403, 1601), (1333, 2777)])
def test_a_turned_photo_is_cropped_where_the_upright_one_is(
    upright: Callable[[tuple[int, int]], tuple[Image.Image, list[NDArray[np.uint8]]]],
    size: tuple[int, int],
    orientation: int,
) -> None:
    picture, expected = upright(size)
    data, _ = turned(picture, orientation)
    for rule, square in zip(RULES, expected, strict=True):
        assert difference(to_square(data, rule), square) < 1.0, rule.crop


@pytest.mark.parametrize("size", [(400, 100), (100, 400), (3000, 500), (300, 301), (1, 900)])
def test_the_whole_picture_is_seen_squeezed_or_with_bars_beside_it(size: tuple[int, int]) -> None:
    """Its four corners are coloured; Pillow's own resize of the whole picture is the reference."""
    picture = Image.new("RGB", size, "grey")
    width, height = size
    for colour, corner in (("red", (0, 0)), ("lime", (width - 1, 0)), ("blue", (0, height - 1))):
        picture.paste(colour, (*corner, corner[0] + width // 4 + 1, corner[1] + height // 4 + 1))
    data = saved(picture, "PNG")
    expected = np.asarray(picture.resize((224, 224), Image.Resampling.BILINEAR))
    assert difference(to_square(data, SQUEEZED), expected) < 2.0
    boxed = to_square(data, LETTERBOX)
    across, down = LETTERBOX.seen(*size)
    assert max(across, down) == 224
    assert abs(across * height - down * width) <= max(size)  # its proportions, to half a pixel
    left, top = (224 - across) // 2, (224 - down) // 2
    expected = np.asarray(picture.resize((across, down), Image.Resampling.BILINEAR))
    assert difference(boxed[top : top + down, left : left + across], expected) < 2.0
    bars = np.ones((224, 224), bool)
    bars[top : top + down, left : left + across] = False
    assert (boxed[bars] == FILL).all()


def turned(upright: Image.Image, orientation: int) -> tuple[bytes, Image.Image]:
    from pictures import STORED_TURNED

    turn = STORED_TURNED[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(stored, "JPEG", quality=95, exif=exif), stored


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_a_senseless_orientation_is_not_obeyed(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = drawing()
    assert np.array_equal(to_square(saved(picture, "PNG", exif=exif), MODEL), plain(picture))


def test_heic_without_its_plug_in_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "pip install 'pigeonhole[heic]'" in reason(b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(100))


def test_avif_that_calls_itself_mif1_first_is_read_as_avif() -> None:
    data = bytearray(saved(drawing(), "AVIF", speed=10))
    data[8:12] = b"mif1"
    assert looks_like_picture(bytes(data[:HEAD_BYTES]))
    assert difference(to_square(bytes(data), MODEL), plain(drawing())) < 2.0


# --- preprocessing

SIZES = [
    *[(224, 224), (256, 256), (400, 300), (301, 447), (1023, 1025), (2000, 1500), (3000, 500), (500, 3000)],
    *[(100, 80), (31, 17), (3, 500), (500, 3), (2, 2), (1, 1), (1, 40)],
]


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_preprocessing_is_torchvisions_resize_and_crop(interpolation: Interpolation) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    resize = transforms.Resize(256, transforms.InterpolationMode(interpolation), antialias=True)
    crop = transforms.CenterCrop(224)
    noise = np.random.default_rng(0)
    for width, height in SIZES:
        speckled = np.asarray(drawing(width, height)).astype(int) + noise.integers(-40, 40, (height, width, 3))
        for picture in (drawing(width, height), Image.fromarray(speckled.clip(0, 255).astype(np.uint8))):
            expected = np.asarray(crop(resize(picture)))
            got = to_square(saved(picture, "PNG"), Preprocessing(224, 224 / 256, interpolation))
            # Exact but for the order of rounding; large pictures are averaged over whole pixels first.
            assert difference(got, expected) < 1.0, (width, height)


def test_a_jpeg_decoded_at_reduced_size_looks_like_one_decoded_in_full() -> None:
    picture = drawing(4000, 3000)
    assert difference(to_square(saved(picture, "JPEG", quality=95), MODEL), plain(picture)) < 0.5


def test_other_sizes_and_fractions_take_the_middle() -> None:
    picture = Image.new("RGB", (300, 200), "blue")
    picture.paste("red", (100, 50, 200, 150))
    square = to_square(saved(picture, "PNG"), Preprocessing(size=100, fraction=0.5))
    assert square.shape == (100, 100, 3)
    assert (square == (255, 0, 0)).all()


# --- damage

WRITERS: dict[str, Callable[[Image.Image], bytes]] = {
    "baseline JPEG": lambda picture: saved(picture, "JPEG", quality=90),
    "progressive JPEG": lambda picture: saved(picture, "JPEG", quality=90, progressive=True),
    "PNG": lambda picture: saved(picture, "PNG"),
    "GIF": lambda picture: saved(picture.quantize(64), "GIF"),
    "BMP": lambda picture: saved(picture, "BMP"),
    "8-bit BMP": lambda picture: saved(picture.convert("L"), "BMP"),
    "TIFF": lambda picture: saved(picture, "TIFF"),
    "LZW TIFF": lambda picture: saved(picture, "TIFF", compression="tiff_lzw"),
    "deflate TIFF": lambda picture: saved(picture, "TIFF", compression="tiff_adobe_deflate"),
    "JPEG TIFF": lambda picture: saved(picture, "TIFF", compression="jpeg"),
    "lossy WebP": lambda picture: saved(picture, "WEBP"),
    "lossless WebP": lambda picture: saved(picture, "WEBP", lossless=True),
    "AVIF": lambda picture: saved(picture, "AVIF", speed=10),
    "PPM": lambda picture: saved(picture, "PPM"),
    "PGM": lambda picture: saved(picture.convert("L"), "PPM"),
    "PBM": lambda picture: saved(picture.convert("1"), "PPM"),
    "moving GIF": lambda picture: frames(picture.quantize(64), "GIF"),
    "moving PNG": lambda picture: frames(picture, "PNG"),
    "moving WebP": lambda picture: frames(picture, "WEBP"),
    "moving AVIF": lambda picture: frames(picture, "AVIF"),
}
if can_heic():
    WRITERS["HEIC"] = heic
    WRITERS["HEIC of several"] = lambda picture: heic(picture, picture.rotate(90), primary_index=0)


def frames(picture: Image.Image, kind: str) -> bytes:
    return saved(picture, kind, save_all=True, append_images=[picture.rotate(90), picture.rotate(180)])


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_is_cut_off_is_refused_with_a_reason(writer: str) -> None:
    data = WRITERS[writer](drawing(157, 121))
    to_square(data, SMALL)
    for percent in (10, 25, 50, 75, 90, 95):
        assert any(word in reason(data[: len(data) * percent // 100]) for word in ("cut off", "damaged")), percent


@pytest.mark.parametrize("name", ["tags-first", "deflate-strips", "bigtiff", "tiles", "big-endian", "without-lengths"])
def test_a_tiff_that_is_cut_off_is_refused_wherever_its_tags_are(family: Family, name: str) -> None:
    data, _ = family[f"{name}.tif"]
    for percent in (10, 25, 50, 75, 90, 95, 99):
        assert "cut off" in reason(data[: len(data) * percent // 100])
    if name != "tiles":  # the last bytes of its last tile lie beyond the edge of the picture
        assert "cut off" in reason(data[:-1])


@pytest.mark.parametrize("name", ["runs-8", "runs-4", "os2", "top-down", "16-colours"])
def test_a_bmp_that_is_cut_off_is_refused_however_it_is_stored(family: Family, name: str) -> None:
    data, _ = family[f"{name}.bmp"]
    for percent in (10, 25, 50, 75, 90, 95, 99):
        assert "cut off" in reason(data[: len(data) * percent // 100])


@pytest.mark.parametrize("writer", ["baseline JPEG", "PNG", "GIF", "lossy WebP", "AVIF", "HEIC"])
def test_a_file_of_which_the_end_is_not_written_yet_is_refused(writer: str) -> None:
    if writer == "HEIC" and not can_heic():
        pytest.skip("needs pillow-heif")
    data = WRITERS[writer](drawing(157, 121))
    reason(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def test_a_png_with_a_wrong_checksum_is_refused_with_a_reason() -> None:
    data = bytearray(saved(drawing(), "PNG"))
    data[data.index(b"IEND") - 8] ^= 1  # the checksum of the last pixels
    assert "checksum" in reason(bytes(data))


def test_what_is_no_picture_is_refused_with_a_reason() -> None:
    assert reason(b"") == "the file is empty"
    for data in (b"Dear diary, today I was a JPEG.\n" * 50, b"BMW makes cars.", b"P5 is not a picture", bytes(5000)):
        assert reason(data) == "it is not a picture of a format that can be read here"
    noise = random.Random(0)
    for length in (1, 2, 12, 100, 5000):
        reason(noise.randbytes(length))


def test_a_header_without_a_picture_is_refused(small_files: dict[str, bytes]) -> None:
    for data in small_files.values():
        for length in (1, 3, 4, 8, 12, 16, 26, 32):
            reason(data[:length])


def broken_pngs() -> dict[str, bytes]:
    """The like of the files of PngSuite (Willem van Schaik) whose names begin with x."""
    sound = saved(drawing(40, 30), "PNG")
    pixels = np.asarray(drawing(40, 30))

    def header(depth: int, colour: int) -> bytes:
        changed = chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 30, depth, colour, 0, 0, 0))
        return sound[:8] + changed + sound[8 + len(changed) :]

    without_pixels = b"".join((sound[:8], chunk(b"IHDR", sound[16:29]), chunk(b"IEND", b"")))
    return {
        "high bit of the signature lost": bytes((sound[0] & 0x7F,)) + sound[1:],
        "signature without its first byte": sound[1:],
        "wrong signature": b"\x89png" + sound[4:],
        "space in the signature": sound[:6] + b" " + sound[7:],
        "line ends changed to CR": sound.replace(b"\n", b"\r"),
        "line ends changed to LF": sound.replace(b"\r\n", b"\n"),
        "carriage returns added": sound.replace(b"\n", b"\r\n"),
        "wrong checksum of the header": sound[:29] + b"\0\0\0\0" + sound[33:],
        "colour type 1": header(8, 1),
        "colour type 9": header(8, 9),
        "depth 0": header(0, 2),
        "depth 3": header(3, 2),
        "depth 99": header(99, 2),
        "no pixels": without_pixels,
        "no width": png(pixels, 8, 2).replace(struct.pack(">II", 40, 30), struct.pack(">II", 0, 30)),
    }


@pytest.mark.parametrize("name", broken_pngs())
def test_a_png_that_breaks_the_rules_is_refused_with_a_reason(name: str) -> None:
    reason(broken_pngs()[name])


def test_nothing_but_a_reason_comes_out_of_mangled_files(small_files: dict[str, bytes]) -> None:
    chance = random.Random(20261121)
    names = sorted(small_files)
    refused = 0
    for _ in range(3000):
        data = mangled(small_files[chance.choice(names)], chance)
        try:
            to_square(data, SMALL)
        except UnreadableError:
            refused += 1
    assert refused > 1500


def mangled(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(min(len(changed), chance.choice((120, len(data)))) or 1)
        match chance.randrange(5):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                changed[at : at + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1"))
            case 2:
                changed[at : at + 2] = chance.choice((b"\xff\xff", b"\0\0", b"\x80\0"))
            case 3:
                del changed[at : at + chance.randrange(1, 9)]
            case _:
                changed[at:at] = chance.randbytes(chance.randrange(1, 9))
    return bytes(changed)


# --- sound files that look odd


@pytest.mark.parametrize("tail", [b"words that a camera app appended", bytes(100_000), b";;;", bytes(range(256)) * 20])
@pytest.mark.parametrize("writer", [name for name in WRITERS if "TIFF" not in name])
def test_what_is_appended_to_a_picture_does_no_harm(writer: str, tail: bytes) -> None:
    data = WRITERS[writer](drawing(64, 48))
    assert np.array_equal(to_square(data + tail, SMALL), to_square(data, SMALL))


def test_a_gif_with_zeros_between_its_blocks_is_read() -> None:
    data = saved(drawing().quantize(16), "GIF")
    to_square(data[:-1] + bytes(50) + b";", SMALL)


def test_a_photo_whose_second_picture_was_stripped_is_read() -> None:
    picture = drawing()
    both = saved(picture, "MPO", save_all=True, append_images=[picture.rotate(180)])
    first = both[: both.index(b"\xff\xd9") + 2]
    assert np.array_equal(to_square(first, MODEL), to_square(both, MODEL))


def test_broken_remarks_do_not_make_a_sound_picture_unreadable() -> None:
    picture = drawing()
    for exif in (b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"):
        assert difference(to_square(saved(picture, "JPEG", quality=95, exif=exif), MODEL), plain(picture)) < 1.0
    sound = saved(picture, "PNG")
    wrong_checksum = chunk(b"tEXt", b"Comment\0hello")[:-4] + b"\0\0\0\0"
    assert np.array_equal(to_square(sound[:-12] + wrong_checksum + sound[-12:], MODEL), plain(picture))


def test_all_real_pictures_are_read(shared: Path) -> None:
    files = [*(shared / "data" / "superheroes").rglob("*"), *(shared / "data" / "anime_pictures").iterdir()]
    pictures = [path.read_bytes() for path in files if path.is_file()]
    for data in pictures:
        assert looks_like_picture(data[:HEAD_BYTES])
        to_square(data, MODEL)
    assert len(pictures) >= 482 + 25 + 13


# --- what must not be opened


def foreign_files() -> dict[str, bytes]:
    picture = drawing(64, 48)
    return {
        "EPS": saved(picture, "EPS"),
        "ICO": saved(picture, "ICO"),
        "ICNS": saved(picture, "ICNS"),
        "TGA": saved(picture, "TGA"),
        "PDF": saved(picture, "PDF"),
        "JPEG 2000": saved(picture, "JPEG2000"),
        "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 48, 64, 8, 3) + bytes(64 * 48 * 3),
        "XCF": b"gimp xcf file\0" + bytes(200),
        "WMF": b"\xd7\xcd\xc6\x9a\0\0" + bytes(200),
        "zip": b"PK\3\4\x14\0\0\0\x08\0" + bytes(200),
        "MP4": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(200),
        "QuickTime": b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + bytes(200),
        "WAV": b"RIFF\x24\x08\0\0WAVEfmt " + bytes(200),
        "HTML": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "text": b"P3 of the plan: BM, GIF and II* are only letters here.\n" * 20,
        "text about a car maker": b"BMW\n" * 50,
        "MP3": b"ID3\4\0\0\0\0\0\x23TSSE" + bytes(200),
    }


@pytest.mark.parametrize("name", foreign_files())
def test_other_formats_are_refused(name: str) -> None:
    data = foreign_files()[name]
    assert not looks_like_picture(data[:HEAD_BYTES])
    assert reason(data) == "it is not a picture of a format that can be read here"


def test_an_eps_runs_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ghostscript = tmp_path / "gs"
    ghostscript.write_text(f"#!/bin/sh\ntouch '{tmp_path}/it-ran'\n")
    ghostscript.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert shutil.which("gs") == str(ghostscript)
    reason(saved(drawing(64, 48), "EPS"))
    assert not (tmp_path / "it-ran").exists()


# --- size

MEASURE = """
import sys
from pigeonhole.errors import UnreadableError
from pigeonhole.images import Preprocessing, to_square
data = open(sys.argv[1], "rb").read()
try:
    to_square(data, Preprocessing())
    print("read")
except UnreadableError as error:
    print(error)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


def measured(path: Path) -> tuple[str, int]:
    """What became of a file in a fresh interpreter, and the most memory it took in MB."""
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, timeout=TIMEOUT
    )
    assert result.stderr == ""
    words, megabytes = result.stdout.splitlines()
    return words, int(megabytes)


def large_png(path: Path, width: int, height: int, depth: int, colour: int, *, rows: int | None = None) -> Path:
    """A PNG in the folder `path` that claims `height` rows, all of them alike, and has `rows` of them."""
    row = bytes(1 + width * depth * {0: 1, 2: 3, 6: 4}[colour] // 8)
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    file = path / f"{width}x{height}.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    return file


@pytest.mark.parametrize(("side", "rows"), [(13_000, None), (60_000, 10)])
def test_a_picture_with_too_many_pixels_is_refused_in_little_memory(tmp_path: Path, side: int, rows: int) -> None:
    file = large_png(tmp_path, side, side, 1, 0, rows=rows)
    assert file.stat().st_size < 100_000
    words, megabytes = measured(file)
    assert words == f"it has {side} × {side} pixels, and the limit is {MAX_PIXELS // 1_000_000} megapixels"
    assert megabytes < 150


def test_a_picture_of_100_megapixels_takes_little_more_memory_than_its_pixels(tmp_path: Path) -> None:
    words, megabytes = measured(large_png(tmp_path, 12_500, 8_000, 8, 6))
    assert words == "read"
    assert megabytes < 500  # 400 of them are the pixels


@pytest.mark.parametrize(("width", "height"), [(1, 120_000_000), (120_000_000, 1)])
def test_a_picture_with_too_long_an_edge_is_refused_in_little_memory(tmp_path: Path, width: int, height: int) -> None:
    """Each row of pixels costs memory of its own: 120 million of them a gigabyte."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    file = tmp_path / "long.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b""))
    words, megabytes = measured(file)
    assert words == f"it has {width} × {height} pixels, and the limit is 1,000,000 for an edge"
    assert megabytes < 150


def test_a_floating_point_tiff_of_100_megapixels_takes_little_more_memory_than_its_pixels(tmp_path: Path) -> None:
    """It is half a megabyte long, and its numbers would take 400."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(4 * 12_500)) for _ in range(8_000)) + packer.flush()
    sizes: dict[int, tuple[int, tuple[int, ...]]] = {256: (4, (12_500,)), 257: (4, (8_000,)), 278: (4, (8_000,))}
    kinds: dict[int, tuple[int, tuple[int, ...]]] = {258: (3, (32,)), 259: (3, (8,)), 262: (3, (1,)), 277: (3, (1,))}
    kinds[339] = 3, (3,)
    (tmp_path / "floats.tif").write_bytes(assembled(sizes | kinds, [packed]))
    words, megabytes = measured(tmp_path / "floats.tif")
    assert words == "read"
    assert megabytes < 550  # 400 of them are the pixels


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_formats_whose_decoders_hold_copies_have_a_lower_limit(kind: str) -> None:
    size = {"WEBP": (8000, 6100), "AVIF": (9000, 9000)}[kind]
    limit = {"WEBP": 48, "AVIF": 80}[kind]
    words = reason(saved(Image.new("RGB", size), kind, **{"WEBP": {"method": 0}, "AVIF": {"speed": 10}}[kind]))
    assert words == f"it has {size[0]} × {size[1]} pixels, and the limit is {limit} megapixels"


def test_a_jpeg_of_12_megapixels_never_exists_in_full(tmp_path: Path) -> None:
    (tmp_path / "small.jpg").write_bytes(saved(drawing(300, 300), "JPEG"))
    (tmp_path / "large.jpg").write_bytes(saved(drawing(4000, 3000), "JPEG"))
    _, small = measured(tmp_path / "small.jpg")
    words, large = measured(tmp_path / "large.jpg")
    assert words == "read"
    assert large - small < 15  # its pixels would be 48


# --- several at once


def test_many_threads_see_the_same_as_one(family: Family) -> None:
    names = sorted(family)
    alone = {name: to_square(family[name][0], SMALL).tobytes() for name in names}
    start = threading.Barrier(8)

    def half_of_them(seed: int) -> dict[str, bytes]:
        order = random.Random(seed).sample(names, len(names) // 2)
        start.wait()
        return {name: to_square(family[name][0], SMALL).tobytes() for name in order}

    with ThreadPoolExecutor(8) as pool:
        for together in pool.map(half_of_them, range(8)):
            assert together == {name: alone[name] for name in together}
