"""A heat map over the picture that it is about, with nothing but Pillow and numpy."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EDGE = 448  # pixels of the drawn picture
# Dark to bright, so that it is also read without colours.
STOPS = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float64)
LEAST, MOST = 0.2, 0.75  # of the picture that is covered, where it is cold and where it is hot


def heat_map(pixels: NDArray[np.uint8], heat: NDArray[np.floating]) -> bytes:
    """A PNG of uint8 [S, S, 3] under `heat` [H, W], of which what is below 0 speaks against and is drawn as nothing."""
    positive = np.maximum(heat, 0)
    shares = Image.fromarray((positive / max(float(positive.max()), 1e-12)).astype(np.float32))
    hot = np.asarray(shares.resize((EDGE, EDGE), Image.Resampling.BILINEAR)).clip(0, 1)
    places = hot * (len(STOPS) - 1)
    below = np.minimum(places.astype(int), len(STOPS) - 2)
    colours = STOPS[below] + (STOPS[below + 1] - STOPS[below]) * (places - below)[..., None]
    picture = np.asarray(Image.fromarray(pixels).resize((EDGE, EDGE), Image.Resampling.BILINEAR))
    cover = (LEAST + (MOST - LEAST) * hot)[..., None]
    buffer = BytesIO()
    Image.fromarray((picture * (1 - cover) + colours * cover).round().astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
