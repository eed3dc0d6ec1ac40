"""Explanations as a picture: the panels side by side, each with what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")
from matplotlib import pyplot as plt

DPI = 110
OVER = 0.5  # how much of a heat map covers the picture where it is hottest


@dataclass(frozen=True, slots=True)
class Panel:
    """uint8 [H, W, 3] or [H, W] with a `title`; None in its place says in words why there is none."""

    title: str
    image: NDArray[np.uint8] | None
    words: str = ""


def panels(rows: Sequence[Sequence[Panel]], edge: float = 2.6) -> bytes:
    """A PNG of rows of panels."""
    across = max(len(row) for row in rows)
    figure, axes = plt.subplots(
        len(rows), across, figsize=(edge * across, (edge + 0.45) * len(rows)), layout="constrained", squeeze=False
    )
    for places, row in zip(axes, rows, strict=True):
        for place in places:
            place.axis("off")
        for place, panel in zip(places, row, strict=False):
            place.set_title(panel.title, fontsize=9)
            if panel.image is not None:
                place.imshow(panel.image, cmap="gray", interpolation="nearest")
            else:
                place.text(0.5, 0.5, panel.words, ha="center", va="center", wrap=True, fontsize=8)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=DPI, facecolor="white")
    plt.close(figure)
    return buffer.getvalue()


def over(pixels: NDArray[np.uint8], heat: NDArray[np.floating]) -> NDArray[np.uint8]:
    """`pixels` [S, S, 3] under `heat` [S, S] (0 to 1), which is the more opaque the hotter it is."""
    colours = mpl.colormaps["inferno"](heat)[..., :3] * 255
    share = OVER * heat[..., None] ** 0.5 + 0.15
    mixed: NDArray[np.uint8] = (pixels * (1 - share) + colours * share).round().clip(0, 255).astype(np.uint8)
    return mixed


def stretched(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Signed values around a middle grey, so that all but the largest hundredth keep their proportion."""
    most = max(float(np.quantile(np.abs(values), 0.99)), 1e-12)
    levels: NDArray[np.uint8] = ((values / most).clip(-1, 1) * 127.5 + 127.5).round().astype(np.uint8)
    return levels
