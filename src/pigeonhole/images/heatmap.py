"""A heat map over the picture that it is about, with nothing but Pillow and numpy."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.images.preprocessing import Preprocessing

EDGE = 448  # pixels of the drawn picture
LAYER = 640  # pixels of the longer edge of a layer
# Dark to bright, so that it is also read without colours.
STOPS = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float64)
LEAST, MOST = 0.2, 0.75  # of the picture that is covered, where it is cold and where it is hot
PLACES = (
    ("the upper left", "the upper middle", "the upper right"),
    ("the left", "the middle", "the right"),
    ("the lower left", "the lower middle", "the lower right"),
)

Part = tuple[int, int, int, int]


def heat_map(pixels: NDArray[np.uint8], heat: NDArray[np.floating]) -> bytes:
    """A PNG of uint8 [S, S, 3] under `heat` [H, W], of which what is below 0 speaks against and is drawn as nothing."""
    hot = _hot(heat, (EDGE, EDGE))
    picture = np.asarray(Image.fromarray(pixels).resize((EDGE, EDGE), Image.Resampling.BILINEAR))
    cover = _cover(hot)[..., None]
    return _png((picture * (1 - cover) + _colours(hot) * cover).round().astype(np.uint8))


def heat_layer(hot: NDArray[np.floating]) -> bytes:
    """A PNG to lay over a picture that is covered by MOST of it: `hot` as of `hot_places`, clear where it is nan."""
    known = np.nan_to_num(hot)
    opacity = np.where(np.isnan(hot), 0, _cover(known) / MOST)[..., None]
    return _png(np.concatenate([_colours(known), 255 * opacity], axis=2).round().astype(np.uint8))


def hot_places(
    heat: NDArray[np.floating], size: tuple[int, int], preprocessing: Preprocessing, part: Part | None = None
) -> NDArray[np.float64]:
    """How hot it is (0 to 1) everywhere in a picture of `size` (width, height), in its proportions, LAYER pixels long.

    `heat` [H, W] is about what the model sees of the picture's `part` (left, top, right, bottom, in pixels; None: all
    of it) through `preprocessing`. What it does not see is nan.
    """
    scale = LAYER / max(size)
    places = np.full((max(1, round(size[1] * scale)), max(1, round(size[0] * scale))), np.nan)
    left, top, right, bottom = part or (0, 0, *size)
    box = preprocessing.box(right - left, bottom - top)
    across, down = preprocessing.seen(right - left, bottom - top)
    edges = [round(edge * scale) for edge in (box[0] + left, box[1] + top, box[2] + left, box[3] + top)]
    wide, high = max(1, edges[2] - edges[0]), max(1, edges[3] - edges[1])
    whole = round(wide * preprocessing.size / across), round(high * preprocessing.size / down)
    x, y = (whole[0] - wide) // 2, (whole[1] - high) // 2  # a letterbox has something beside the picture
    seen = _hot(heat, whole)[y : y + high, x : x + wide]
    into = places[edges[1] : edges[1] + high, edges[0] : edges[0] + wide]
    into[:] = seen[: into.shape[0], : into.shape[1]]
    return places


def hottest_place(hot: NDArray[np.floating]) -> str:
    """Where most of the heat is, in words, of nine places of the picture."""
    known = np.nan_to_num(hot)
    rows = [np.array_split(row, 3, axis=1) for row in np.array_split(known, 3)]
    row, column = divmod(int(np.argmax([part.sum() for each in rows for part in each])), 3)
    return PLACES[row][column]


def _hot(heat: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float64]:
    """`heat` from 0 to 1, in `size` (width, height)."""
    positive = np.maximum(heat, 0)
    shares = Image.fromarray((positive / max(float(positive.max()), 1e-12)).astype(np.float32))
    hot: NDArray[np.float64] = np.asarray(shares.resize(size, Image.Resampling.BILINEAR), dtype=np.float64)
    return hot.clip(0, 1)


def _cover(hot: NDArray[np.float64]) -> NDArray[np.float64]:
    return LEAST + (MOST - LEAST) * hot


def _colours(hot: NDArray[np.float64]) -> NDArray[np.float64]:
    places = hot * (len(STOPS) - 1)
    below = np.minimum(places.astype(int), len(STOPS) - 2)
    low, high = STOPS[below], STOPS[below + 1]
    return np.asarray(low + (high - low) * (places - below)[..., None])


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
