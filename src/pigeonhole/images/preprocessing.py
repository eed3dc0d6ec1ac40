"""Which part of a picture the model sees, and how large."""

from dataclasses import dataclass
from typing import Literal

Interpolation = Literal["bilinear", "bicubic"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """A centred square whose side is `fraction` (0 to 1) of the picture's short edge, scaled to `size` × `size` pixels.

    Size 224 and fraction 224 / 256 is torchvision's "resize to 256, crop the middle 224", done in one step.
    """

    size: int = 224
    fraction: float = 0.875
    interpolation: Interpolation = "bilinear"
    crop: Literal["centre"] = "centre"  # the one rule so far; named, because a model file has to explain itself

    @property
    def short_edge(self) -> int:
        """How many pixels the picture's short edge would have, were all of it scaled: 256 in the example above."""
        return round(self.size / self.fraction)

    def box(self, width: int, height: int) -> Box:
        """Left, top, right and bottom edge of the square in an upright picture of `width` × `height` pixels.

        Rounded as torchvision rounds: to whole pixels of the scaled picture.
        """
        short = min(width, height)
        scaled_width, scaled_height = self.short_edge * width // short, self.short_edge * height // short
        left, top = round((scaled_width - self.size) / 2), round((scaled_height - self.size) / 2)
        across, down = width / scaled_width, height / scaled_height
        return left * across, top * down, (left + self.size) * across, (top + self.size) * down
