"""Every kind of TIFF gives the pixels of its plain twin, or is refused by its name; never noise."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pictures import STORED_TURNED, drawing, saved
from pigeonhole.errors import UnreadableError
from pigeonhole.images import Preprocessing, to_square, upright_size
from tiffs import (
    COMPRESSIONS,
    DEFLATE,
    FLOAT,
    LZW,
    NONE,
    PACKBITS,
    SIGNED,
    assembled,
    floats_of_24_bits,
    packed,
    subsampled_ycbcr,
    written_tiff,
)

SMALL = Preprocessing(size=32, fraction=1.0, crop="squeeze")
WIDTH, HEIGHT = 37, 29
GREY, WHITE_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 1, 0, 2, 3, 5, 6, 8, 9

Samples = NDArray[Any]
Kind = tuple[Samples, dict[str, Any]]


def seen(picture: Image.Image) -> NDArray[np.int64]:
    return to_square(saved(picture, "PNG"), SMALL).astype(int)


def difference(data: bytes, twin: Image.Image | NDArray[np.int64]) -> float:
    """Mean, 0 to 255, of what is seen of a file and of its plain twin."""
    expected = seen(twin) if isinstance(twin, Image.Image) else twin
    return float(np.abs(to_square(data, SMALL) - expected).mean())


def colourings() -> dict[str, tuple[Samples, int, Image.Image, tuple[int, ...]]]:
    """Samples of 8 bits, photometric interpretation, the plain twin, and what the extra samples are."""
    picture = drawing(WIDTH, HEIGHT)
    rgb, grey, inks = np.asarray(picture), picture.convert("L"), picture.convert("CMYK")
    down, across = np.mgrid[0:1:HEIGHT * 1j, 0:1:WIDTH * 1j]  # fmt: skip
    alpha = (np.clip((across - down + 0.5) * 4, 0, 1) * 255).astype(np.uint8)
    share = alpha[..., None] / 255
    on_white = Image.fromarray(np.rint(255 - (255.0 - rgb) * share).astype(np.uint8))
    grey_on_white = Image.fromarray(np.rint(255 - (255.0 - np.asarray(grey)) * (alpha / 255)).astype(np.uint8))
    multiplied = np.rint(rgb * share).astype(np.uint8)
    return {
        "grey": (np.asarray(grey), GREY, grey, ()),
        "white is zero": (255 - np.asarray(grey), WHITE_IS_ZERO, grey, ()),
        "rgb": (rgb, RGB, picture, ()),
        "cmyk": (np.asarray(inks), CMYK, inks.convert("RGB"), ()),
        "rgba": (np.dstack([rgb, alpha]), RGB, on_white, (2,)),
        "rgba of which nothing is said": (np.dstack([rgb, alpha]), RGB, on_white, ()),
        "rgba, multiplied": (np.dstack([multiplied, alpha]), RGB, on_white, (1,)),
        "rgb and one to be ignored": (np.dstack([rgb, alpha]), RGB, picture, (0,)),
        "rgba and one to be ignored": (np.dstack([rgb, alpha, alpha]), RGB, on_white, (2, 0)),
        "ten bands": (np.dstack([rgb, *[alpha] * 7]), RGB, picture, (0,) * 7),
        "grey and alpha": (np.dstack([np.asarray(grey), alpha]), GREY, grey_on_white, (2,)),
        "grey and one to be ignored": (np.dstack([np.asarray(grey), alpha]), GREY, grey, (0,)),
        "cmyk and one to be ignored": (np.dstack([np.asarray(inks), alpha]), CMYK, inks.convert("RGB"), (0,)),
    }


def depths(samples: Samples) -> dict[str, Kind]:
    """Samples of 8 bits in every way that they can be stored in."""
    return {
        "8 bits": (samples.copy(), {}),
        "16 bits": (samples.astype(np.uint16) * 257, {}),
        "32 bits": (samples.astype(np.uint32) * 16_843_009, {}),
        "64 bits that use 16": (samples.astype(np.uint64) * 257, {}),
        "12 bits": (np.rint(samples * (4095 / 255)).astype(np.uint16), {"bits": 12}),
        "14 bits": (np.rint(samples * (16383 / 255)).astype(np.uint16), {"bits": 14}),
        "24 bits": (samples.astype(np.uint32) * 65_793, {"bits": 24}),
        "signed, 8 bits": ((samples.astype(np.int16) - 128).astype(np.int8), {"number": SIGNED}),
        "signed, 16 bits": ((samples * 257.0 - 32768).astype(np.int16), {"number": SIGNED}),
        "signed, 32 bits": ((samples * 16_843_009.0 - 2**31).astype(np.int32), {"number": SIGNED}),
        "half floats": ((samples / 255).astype(np.float16), {"number": FLOAT}),
        "floats of 24 bits": (floats_of_24_bits(samples / 255), {"bits": 24, "number": FLOAT}),
        "floats": ((samples / 255).astype(np.float32), {"number": FLOAT}),
        "floats up to 255": (samples.astype(np.float32), {"number": FLOAT}),
        "doubles up to 65535": (samples * 257.0, {"number": FLOAT}),
    }


def arrangements(kind: Kind) -> Iterator[dict[str, Any]]:
    """Compression × planes × byte order × strips and tiles × predictor, those that can be."""
    samples, options = kind
    planes = (False, True) if samples.ndim == 3 else (False,)
    pieces: tuple[dict[str, int], ...] = ({}, {"rows": 10}, {"side": 16})
    for compression, planar, order, piece in itertools.product((NONE, LZW, DEFLATE, PACKBITS), planes, "<>", pieces):
        predictors = [1]
        if compression in (LZW, DEFLATE) and "bits" not in options:
            predictors += [2, 3] if options.get("number") == FLOAT else [2]
        for predictor in predictors:
            arrangement = {"compression": compression, "planar": planar, "order": order, "predictor": predictor}
            yield arrangement | piece | options


@pytest.mark.parametrize("name", colourings())
def test_every_depth_in_every_arrangement_gives_the_pixels_of_the_plain_picture(name: str) -> None:
    """Every second arrangement, of those with extra samples every seventh; of each depth others."""
    samples, photometric, twin, extra = colourings()[name]
    expected, step = seen(twin), 7 if extra else 2
    differing: dict[str, Any] = {}
    count = 0
    for depth, kind in depths(samples).items():
        for arrangement in itertools.islice(arrangements(kind), count % step, None, step):
            data = written_tiff(kind[0], photometric=photometric, extra=extra, **arrangement)
            count += 1
            if difference(data, expected) > 1:
                differing.setdefault(depth, arrangement)
    assert differing == {}
    assert count > 100


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_every_compression_in_ordinary_and_large_files(compression: int, order: str, big: bool) -> None:
    picture = drawing(WIDTH, HEIGHT)
    for samples, number in ((np.asarray(picture), 1), ((np.asarray(picture) / 255).astype(np.float32), FLOAT)):
        options: dict[str, Any] = {"compression": compression, "order": order, "big": big, "number": number}
        assert difference(written_tiff(samples, photometric=RGB, **options), picture) <= 1
        assert difference(written_tiff(samples, photometric=RGB, reversed_bits=True, **options), picture) <= 1


@pytest.mark.parametrize(
    ("bits", "number"), [*((bits, 1) for bits in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 15)), (10, SIGNED), (12, SIGNED)]
)
def test_odd_depths_give_as_many_levels_as_they_have(bits: int, number: int) -> None:
    white = 2**bits - 1
    levels = np.rint(np.asarray(drawing(WIDTH, HEIGHT)) * (white / 255)).astype(np.uint16)
    twin = Image.fromarray(np.rint(levels * (255 / white)).astype(np.uint8))
    stored = levels - 2 ** (bits - 1) if number == SIGNED else levels
    for order, planar in itertools.product("<>", (False, True)):
        data = written_tiff(stored, photometric=RGB, bits=bits, number=number, order=order, planar=planar)
        assert difference(data, twin) <= 1


# --- which value is white


def grey_tiff(values: Samples, number: int) -> bytes:
    return written_tiff(values, photometric=GREY, number=number)


def test_signed_numbers_without_a_negative_one_begin_at_black() -> None:
    grey = drawing(WIDTH, HEIGHT).convert("L")
    values = np.asarray(grey)
    for stored in (values.astype(np.int16), (values * 128.498).astype(np.int16), values.astype(np.int32) * 257):
        assert difference(grey_tiff(stored, SIGNED), grey) <= 1


def test_a_few_highlights_above_white_do_not_make_the_picture_black() -> None:
    grey = drawing(WIDTH, HEIGHT).convert("L")
    values = np.asarray(grey) / np.float32(255)
    for brightest in (1.0000001, 3, 40, 5000, np.inf):
        lit = values.copy()
        lit[values == 1] = brightest
        assert difference(grey_tiff(lit, FLOAT), grey) <= 1


def test_numbers_that_are_none_are_black_and_spoil_no_others() -> None:
    values = np.asarray(drawing(WIDTH, HEIGHT).convert("L")) / np.float32(255)
    values[:5] = np.nan
    values[5:8] = -np.inf
    twin = np.asarray(drawing(WIDTH, HEIGHT).convert("L")).copy()
    twin[:8] = 0
    assert difference(grey_tiff(values, FLOAT), Image.fromarray(twin)) <= 1


# --- other spaces of colour


def lab_of(picture: Image.Image) -> NDArray[np.float64]:
    """L* 0 to 100, a* and b*, by another library's conversion, which rounds them to 8 bits."""
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000), "RGB", "LAB"
    )
    converted = ImageCms.applyTransform(picture, transform)
    assert converted is not None
    light, a, b = (np.asarray(band).astype(float) for band in converted.split())
    return np.dstack([light * (100 / 255), a - 128, b - 128])


def lab_samples() -> dict[str, tuple[Samples, int, dict[str, Any]]]:
    lab = lab_of(drawing(WIDTH, HEIGHT))
    light, colours = lab[..., :1], lab[..., 1:]

    def of(kind: str, brightness: float, scale: float, offset: float) -> Samples:
        return np.dstack([np.rint(light * brightness), np.rint(colours * scale + offset)]).astype(np.int64).astype(kind)

    return {
        "CIELAB, 8 bits": (of("u1", 2.55, 1, 0), CIELAB, {}),
        "CIELAB, 16 bits": (of("u2", 655.35, 256, 0), CIELAB, {}),
        "CIELAB, 16 bits, a and b said to be signed": (of("u2", 655.35, 256, 0), CIELAB, {"number": (1, 2, 2)}),
        "ICCLAB, 8 bits": (of("u1", 2.55, 1, 128), ICCLAB, {}),
        "ICCLAB, 16 bits": (of("u2", 652.8, 256, 32768), ICCLAB, {}),
        "CIELAB, floats": (lab.astype(np.float32), CIELAB, {"number": FLOAT}),
    }


@pytest.mark.parametrize("name", lab_samples())
@pytest.mark.parametrize("planar", [False, True])
def test_lab_is_shown_in_its_colours(name: str, planar: bool) -> None:
    samples, photometric, options = lab_samples()[name]
    for order, compression in itertools.product("<>", (NONE, DEFLATE)):
        data = written_tiff(
            samples, photometric=photometric, order=order, compression=compression, planar=planar, **options
        )
        assert difference(data, drawing(WIDTH, HEIGHT)) < 3


def test_a_lab_picture_written_by_pillow_is_shown_in_its_colours() -> None:
    picture = drawing(WIDTH, HEIGHT)
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000)
    converted = ImageCms.profileToProfile(picture, *profiles, outputMode="LAB")
    assert converted is not None
    assert difference(saved(converted, "TIFF"), picture) < 3
    assert difference(saved(converted, "TIFF", compression="tiff_lzw"), picture) < 3


def test_lab_under_the_white_of_its_file_leaves_greys_grey() -> None:
    greys = np.zeros((HEIGHT, WIDTH, 3), np.uint16)
    greys[..., 0] = np.linspace(0, 65535, WIDTH)
    for white in ((0.3127, 0.3290), (0.3457, 0.3585)):
        parts = (int(white[0] * 10000), 10000, int(white[1] * 10000), 10000)
        data = written_tiff(greys, photometric=CIELAB, tags={318: (5, parts)})
        assert (np.ptp(to_square(data, SMALL).astype(int), axis=2) <= 2).all()


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (1, 2), None])
@pytest.mark.parametrize("compression", [NONE, LZW, DEFLATE])
@pytest.mark.parametrize("rows", [0, 16])
def test_ycbcr_that_is_not_in_a_jpeg_is_shown_in_its_colours(
    subsampling: tuple[int, int] | None, compression: int, rows: int
) -> None:
    """None: the file does not say it, which means two by two."""
    picture = drawing(WIDTH, HEIGHT)
    ycbcr = np.asarray(picture.convert("YCbCr"))
    across, down = subsampling or (2, 2)
    strips = [ycbcr[top : top + (rows or HEIGHT)] for top in range(0, HEIGHT, rows or HEIGHT)]
    stored = [subsampled_ycbcr(strip, across, down) for strip in strips]
    data = ycbcr_tiff(stored, rows or HEIGHT, subsampling, compression)
    assert difference(data, picture) < 6


def ycbcr_tiff(strips: list[bytes], rows: int, subsampling: tuple[int, int] | None, compression: int) -> bytes:
    entries: dict[int, tuple[int, tuple[int, ...]]] = {
        256: (3, (WIDTH,)),
        257: (3, (HEIGHT,)),
        258: (3, (8, 8, 8)),
        259: (3, (compression,)),
        262: (3, (YCBCR,)),
        277: (3, (3,)),
        278: (3, (rows,)),
    }
    if subsampling:
        entries[530] = 3, subsampling
    return assembled(entries, [packed(strip, 1, compression) for strip in strips])


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("scale", [1, 257])
def test_a_palette_of_any_depth_with_colours_of_8_or_16_bits(bits: int, scale: int) -> None:
    few = drawing(WIDTH, HEIGHT).quantize(200, dither=Image.Dither.NONE)
    colours = np.zeros((2**bits, 3), int)
    palette = np.array(few.getpalette()).reshape(-1, 3)
    colours[: len(palette)] = palette * scale
    colour_map = 3, tuple(colours.T.reshape(-1).tolist())
    indices = np.asarray(few).astype(np.uint16 if bits > 8 else np.uint8)
    data = written_tiff(indices, photometric=PALETTE, bits=bits, tags={320: colour_map})
    assert difference(data, few.convert("RGB")) == 0


# --- what is no picture for us


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"number": 6, "bits": 64}, "RGB, 3 × 64 bits, complex, compression none"),
        ({"photometric": 32803}, "raw data of a camera's sensor, 3 × 16 bits"),
        ({"photometric": 32844}, "logarithmic luminance, 3 × 16 bits"),
        ({"tags": {259: (3, (34712,))}}, "RGB, 3 × 16 bits, compression JPEG 2000"),
        ({"tags": {259: (3, (34887,))}}, "RGB, 3 × 16 bits, compression LERC"),
        ({"tags": {259: (3, (7,))}}, "RGB, 3 × 16 bits, compression JPEG"),
        ({"tags": {258: (3, (5, 6, 5))}}, "RGB, 3 × 5 bits"),
        ({"tags": {317: (3, (99,))}}, "RGB, 3 × 16 bits, compression none"),
        ({"photometric": 7777}, "colours of kind 7777"),
    ],
)
def test_other_kinds_are_refused_by_their_name(options: dict[str, Any], words: str) -> None:
    samples = np.asarray(drawing(WIDTH, HEIGHT)).astype(np.uint16) * 257
    options = {"photometric": RGB, **options}
    if "bits" in options:
        samples = samples.astype(np.int64)
    with pytest.raises(UnreadableError) as refused:
        to_square(written_tiff(samples, **options), SMALL)
    assert str(refused.value).startswith("TIFFs of this kind cannot be read here: ")
    assert words in str(refused.value)


@pytest.mark.parametrize("compression", [NONE, LZW, DEFLATE, PACKBITS])
@pytest.mark.parametrize("planar", [False, True])
def test_one_that_is_cut_off_is_refused(compression: int, planar: bool) -> None:
    samples = np.asarray(drawing(WIDTH, HEIGHT)).astype(np.uint16) * 257
    data = written_tiff(samples, photometric=RGB, compression=compression, planar=planar, rows=10)
    to_square(data, SMALL)
    for length in (*(len(data) * percent // 100 for percent in (10, 25, 50, 75, 90, 95, 99)), len(data) - 8):
        with pytest.raises(UnreadableError, match=r"cut off|damaged"):
            to_square(data[:length], SMALL)


# --- how it is shown


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_upright(orientation: int) -> None:
    upright = drawing(WIDTH, HEIGHT)
    turn = STORED_TURNED[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    samples = np.asarray(stored).astype(np.uint16) * 257
    data = written_tiff(samples, photometric=RGB, planar=True, tags={274: (3, (orientation,))})
    assert difference(data, upright) <= 1
    assert upright_size(data) == (WIDTH, HEIGHT)


def test_the_field_s_own_files_are_read(shared: Path) -> None:
    field = shared / "data" / "field"
    wrong, right = (
        to_square((field / f"tiff_16bit_rgb_planar_{name}.tif").read_bytes(), SMALL)
        for name in ("uncompressed_decodes_to_noise", "deflate_is_right")
    )
    assert np.array_equal(wrong, right)
    assert to_square((field / "tiff_16bit_lab_called_damaged.tif").read_bytes(), SMALL).std() > 20


def test_mangled_ones_are_refused_or_read() -> None:
    chance = np.random.default_rng(20270101)
    samples = np.asarray(drawing(17, 11)).astype(np.float32)
    files = [
        written_tiff(
            samples, photometric=RGB, number=FLOAT, compression=compression, planar=planar, predictor=predictor
        )
        for compression, planar, predictor in itertools.product((NONE, LZW, DEFLATE), (False, True), (1, 3))
    ]
    refused = 0
    for _ in range(2000):
        data = bytearray(files[chance.integers(len(files))])
        for _ in range(chance.integers(1, 4)):
            at = chance.integers(min(len(data), 260))
            data[at : at + 2] = chance.choice((b"\xff\xff", b"\0\0", b"\x7f\xff", chance.bytes(2)))
        try:
            to_square(bytes(data), SMALL)
        except UnreadableError:
            refused += 1
    assert refused > 1000


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """A thousand pixels, of which one row would have 32 megabytes and the whole, which is not there, gigabytes."""
    tags: dict[int, Any] = {
        256: (4, (1000,)),
        257: (4, (120_000,)),
        258: (3, (64,)),
        277: (3, (4000,)),
        278: (4, (120_000,)),
    }
    data = written_tiff(np.zeros((2, 10), np.uint16), photometric=RGB, compression=LZW, tags=tags)
    with pytest.raises(UnreadableError, match="it needs too much memory"):
        to_square(data, SMALL)
