"""Which part of a picture the model sees, and how large."""

from dataclasses import dataclass
from typing import Literal

Interpolation = Literal["bilinear", "bicubic"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """A centred square whose side is `fraction` (0 to 1) of the picture's short edge, scaled to `size` × `size` pixels.

    torchvision's "resize to 256, crop the middle 224" is size 224 and fraction 224 / 256, done in one step.
    """

    size: int = 224
    fraction: float = 0.875
    interpolation: Interpolation = "bilinear"

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge of the square in a picture of `width` × `height` pixels."""
        side = min(width, height) * self.fraction
        left, top = (width - side) / 2, (height - side) / 2
        return left, top, left + side, top + side
