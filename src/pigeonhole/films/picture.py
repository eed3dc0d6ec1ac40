"""A decoded frame as a viewer should see it: upright, in its true proportions, in the colours of an ordinary screen."""

from fractions import Fraction
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation
from numpy.typing import NDArray

from pigeonhole.films.tone_mapping import TRANSFERS, to_srgb

HD = 720  # lines from which a film that does not say so has the colours of high definition (BT.709), else BT.601
_SMOOTH = Interpolation.AREA | Interpolation.ACCURATE_RND
_SHARP = Interpolation.BICUBIC | Interpolation.ACCURATE_RND
_UNSPECIFIED = 2  # what H.273 calls a matrix of which nothing is said
_MATRICES = {1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.ITU601}
_MATRICES |= {7: Colorspace.SMPTE240M, 9: Colorspace.BT2020, 10: Colorspace.BT2020}


def picture_of(frame: VideoFrame, pixel_aspect: Fraction | None, edge: int | None) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB: `frame` with square pixels, its longer edge at most `edge` pixels (None: as large as it is).

    `pixel_aspect` is the width of the film's pixels by their height. Of two interlaced fields the first is taken, since
    they show two moments. High dynamic range is mapped to sRGB.
    """
    width, height = shown_size(frame.width, frame.height, pixel_aspect, edge)
    if frame.interlaced_frame:
        frame = _first_field(frame)
    smaller = width < frame.width and height < frame.height
    transfer = TRANSFERS.get(ColorTrc(frame.color_trc)) if frame.color_trc in set(ColorTrc) else None
    scaled = frame.reformat(
        width=width,
        height=height,
        format="rgb48le" if transfer else "rgb24",
        interpolation=_SMOOTH if smaller else _SHARP,
        src_colorspace=_matrix(frame),
        src_color_range=frame.color_range if frame.color_range in (1, 2) else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    pixels: NDArray[Any] = scaled.to_ndarray()
    if transfer:
        pixels = to_srgb(pixels, transfer, wide=frame.color_primaries in (ColorPrimaries.BT2020, _UNSPECIFIED))
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns))


def shown_size(width: int, height: int, pixel_aspect: Fraction | None, edge: int | None) -> tuple[int, int]:
    """Width and height in square pixels of a frame that is stored with `width` × `height`; it is never enlarged."""
    shown = width * float(pixel_aspect or 1), float(height)
    if shown[0] < width:  # tall pixels: more lines rather than fewer columns
        shown = float(width), height * width / shown[0]
    scale = min(1.0, edge / max(shown)) if edge else 1.0
    return max(1, round(shown[0] * scale)), max(1, round(shown[1] * scale))


def _first_field(frame: VideoFrame) -> VideoFrame:
    """Every second line, in a frame of half the height."""
    half = VideoFrame(frame.width, frame.height // 2, frame.format.name)
    for lines, kept in zip(frame.planes, half.planes, strict=True):
        own = np.frombuffer(bytes(lines), np.uint8).reshape(-1, lines.line_size)[: kept.height * 2 : 2]
        rows = np.zeros((kept.height, kept.line_size), np.uint8)
        width = min(own.shape[1], kept.line_size)
        rows[:, :width] = own[: kept.height, :width]
        kept.update(rows.tobytes())
    half.colorspace, half.color_range = frame.colorspace, frame.color_range
    half.color_trc, half.color_primaries = frame.color_trc, frame.color_primaries
    return half


def _matrix(frame: VideoFrame) -> int:
    usual = Colorspace.ITU709 if frame.height >= HD else Colorspace.ITU601
    return _MATRICES.get(frame.colorspace, usual)
