"""TIFFs that Pillow refuses or shows wrongly: deep, signed and floating point samples, L*a*b*, odd depths, planes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.errors import UnreadableError
from pigeonhole.formats.colour import to_rgb
from pigeonhole.formats.tiff.lab import D50, lab_to_rgb
from pigeonhole.formats.tiff.layout import CIELAB, CMYK, ICCLAB, PALETTE, RAW, RGB, WHITE_IS_ZERO, YCBCR, TiffLayout
from pigeonhole.formats.tiff.samples import UNPACKABLE, Samples, bands

MOST_ABOVE_WHITE = 0.5  # the share of the pixels that are not black which may be brighter than white, if white is 1
_UNSIGNED_WHITES = (255, 65535, 2**24 - 1, 2**31 - 1, 2**32 - 1)
_SIGNED_WHITES = (127, 255, 32767, 65535, 2**23 - 1, 2**24 - 1, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Levels:
    """The values that stand for black and for white."""

    black: float
    white: float


def is_for_pillow(layout: TiffLayout) -> bool:
    """Whether Pillow shows this kind rightly, or says itself that it does not know it."""
    if layout.compression not in UNPACKABLE:
        return layout.bits <= 8
    if layout.is_big and layout.order == ">":
        return False
    even = layout.number == "unsigned" and (layout.bits == 8 or (layout.bits in (1, 2, 4) and layout.samples == 1))
    numbers_of_samples = {RGB: (3, 4), PALETTE: (1,), CMYK: (4,)}.get(layout.photometric, (1,) * layout.is_grey)
    dim = layout.photometric == PALETTE and max(layout.colour_map) < 256
    planes = layout.pieces.planar and (layout.compression == RAW or layout.alpha != 0)
    return even and layout.alike and layout.samples in numbers_of_samples and not dim and not planes


def decoded_tiff(data: bytes, layout: TiffLayout) -> Image.Image:
    """The picture in mode RGB as it is stored, not yet upright. Raises UnreadableError for kinds that are not read."""
    if not _is_known(layout):
        raise UnreadableError(f"TIFFs of this kind cannot be read here: {layout.words}")
    with np.errstate(all="ignore"):  # floating point samples may be anything
        colour_levels, alpha_levels = _levels(data, layout)
        picture = Image.new("RGB", (layout.width, layout.height))
        for left, top, samples in bands(data, layout):
            band = _coloured(samples[..., : layout.colours], layout, colour_levels)
            if layout.alpha:
                band = _with_alpha(band, _scaled(samples[..., layout.colours], alpha_levels), layout.alpha)
            picture.paste(to_rgb(band), (left, top))
    return picture


def _is_known(layout: TiffLayout) -> bool:
    depths = (16, 24, 32, 64) if layout.number == "float" else (*range(1, 25), 32, 64)
    predicted = {1: True, 2: layout.bits in (8, 16, 32, 64), 3: layout.number == "float"}
    whole = layout.number != "float"
    of_colours = {
        RGB: layout.colours == 3,
        PALETTE: whole and layout.bits <= 16 and len(layout.colour_map) >= 3 << layout.bits,
        CMYK: layout.colours == 4 and layout.ink_set == 1,
        YCBCR: whole and layout.samples == 3 and layout.bits == 8 and _has_whole_planes(layout),
        CIELAB: layout.colours == 3,
        ICCLAB: layout.colours == 3 and whole,
    }
    return (
        layout.compression in UNPACKABLE
        and layout.alike
        and layout.bits in depths
        and layout.number != "complex"
        and predicted.get(layout.predictor, False)
        and of_colours.get(layout.photometric, layout.is_grey)
    )


def _has_whole_planes(layout: TiffLayout) -> bool:
    return not layout.pieces.planar or layout.subsampling == (1, 1)


def _coloured(samples: Samples, layout: TiffLayout, levels: Levels) -> Image.Image:
    """Samples [rows, columns, colours] → a picture of 8 bits in mode L, RGB or CMYK."""
    if layout.photometric == PALETTE:
        table = np.array(layout.colour_map[: 3 << layout.bits]).reshape(3, -1).T
        eight_bits = table if table.max() < 256 else table >> 8  # some old programs wrote 8 bits
        return Image.fromarray(eight_bits.astype(np.uint8)[samples[..., 0]])
    if layout.photometric == YCBCR:
        return Image.fromarray(_from_ycbcr(samples, layout))
    if layout.is_lab:
        return Image.fromarray(lab_to_rgb(_lab(samples, layout), _white(layout)))
    values = _scaled(samples, levels)
    return (
        Image.fromarray(values[..., 0])
        if layout.is_grey
        else Image.fromarray(values, "CMYK" if layout.photometric == CMYK else "RGB")
    )


def _with_alpha(picture: Image.Image, alpha: NDArray[np.uint8], kind: int) -> Image.Image:
    """The picture in mode RGBA; `alpha` [rows, columns] of kind 1 has already been multiplied into its colours."""
    picture = picture.convert("RGB")
    picture.putalpha(Image.fromarray(alpha))
    if kind == 1:
        picture = Image.frombuffer("RGBa", picture.size, picture.tobytes()).convert("RGBA")
    return picture


# --- which values are black and white


def _levels(data: bytes, layout: TiffLayout) -> tuple[Levels, Levels]:
    """Of the colours and of the alpha. Floating point, signed and deep samples show by their values what they mean."""
    if layout.photometric in (PALETTE, YCBCR) or layout.is_lab:
        return Levels(0, 1), Levels(0, 2.0**layout.bits - 1)
    if layout.number == "unsigned" and layout.bits < 24:
        levels = alpha = Levels(0, 2.0**layout.bits - 1)
    else:
        colours, alphas = _Range(), _Range()
        for _, _, samples in bands(data, layout):
            colours.add(samples[..., : layout.colours])
            alphas.add(samples[..., layout.colours : layout.colours + 1])
        levels, alpha = colours.levels(layout), alphas.levels(layout)
    return Levels(levels.white, levels.black) if layout.photometric == WHITE_IS_ZERO else levels, alpha


class _Range:
    """Which values the samples of a picture have."""

    def __init__(self) -> None:
        self._least = self._most = 0.0
        self._positive = self._above_one = 0

    def add(self, samples: Samples) -> None:
        if samples.dtype.kind == "f":
            samples = samples[np.isfinite(samples)]
        if samples.size:
            self._least = min(self._least, float(samples.min()))
            self._most = max(self._most, float(samples.max()))
            self._positive += int(np.count_nonzero(samples > 0))
            self._above_one += int(np.count_nonzero(samples > 1))

    def levels(self, layout: TiffLayout) -> Levels:
        """The smallest usual range that holds all values; else up to the largest one.

        Floating point pictures whose white is 1 may have highlights above it.
        """
        if layout.number == "float":
            if self._above_one <= MOST_ABOVE_WHITE * self._positive:
                return Levels(0, 1)
            whites: tuple[int, ...] = (255, 65535)
        elif layout.number == "signed" and self._least < 0:
            halves = (2**bits for bits in sorted({*(7, 15, 23, 31), layout.bits - 1}))
            half = next(half for half in halves if -half <= self._least and self._most < half)
            return Levels(-half, half - 1)
        elif layout.number == "signed":
            whites = tuple(sorted({*_SIGNED_WHITES, 2 ** (layout.bits - 1) - 1}))
        else:
            whites = _UNSIGNED_WHITES
        return Levels(0, next((white for white in whites if self._most <= white), self._most))


def _scaled(samples: Samples, levels: Levels) -> NDArray[np.uint8]:
    """0 at black, 255 at white."""
    kind = np.float32 if samples.dtype.itemsize < 4 or samples.dtype == np.float32 else np.float64
    values: NDArray[Any] = samples.astype(kind)
    values -= levels.black
    values *= 255 / (levels.white - levels.black)
    return _rounded(values)


def _rounded(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = np.rint(np.nan_to_num(values)).clip(0, 255).astype(np.uint8)
    return rounded


# --- other spaces of colour


def _lab(samples: Samples, layout: TiffLayout) -> NDArray[np.floating]:
    """L* 0 to 100, a* and b* about -128 to 127. As integers these have a sign in CIELAB, and an offset in ICCLAB."""
    if layout.number == "float":
        return samples.astype(np.float32)
    whole, half = 2.0**layout.bits, 2.0 ** (layout.bits - 1)
    values = samples.astype(np.float64) % whole
    if layout.photometric == ICCLAB:
        brightest = whole - 1 if layout.bits == 8 else whole * 255 / 256
        return np.dstack([values[..., 0] * (100 / brightest), values[..., 1:] * (256 / whole) - 128])
    signed = np.where(values >= half, values - whole, values) * (256 / whole)
    return np.dstack([values[..., 0] * (100 / (whole - 1)), signed[..., 1:]])


def _white(layout: TiffLayout) -> tuple[float, ...]:
    """Photoshop, whose L*a*b* has the white D50, writes no white point."""
    if len(layout.white_point) != 2 or not layout.white_point[1]:
        return D50
    x, y = layout.white_point
    return x / y, 1.0, (1 - x - y) / y


def _from_ycbcr(samples: Samples, layout: TiffLayout) -> NDArray[np.uint8]:
    black, white, blue_zero, blue_most, red_zero, red_most = layout.reference[:6]
    red, green, blue = layout.luma[:3]
    values = samples.astype(np.float32)
    y = (values[..., 0] - black) * (255 / (white - black))
    cb = (values[..., 1] - blue_zero) * (127 / (blue_most - blue_zero))
    cr = (values[..., 2] - red_zero) * (127 / (red_most - red_zero))
    r, b = y + cr * (2 - 2 * red), y + cb * (2 - 2 * blue)
    g = (y - blue * b - red * r) / green
    return _rounded(np.dstack([r, g, b]))
