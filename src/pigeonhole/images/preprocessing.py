"""Which part of a picture the model sees, and how large."""

from dataclasses import dataclass
from typing import Literal

Interpolation = Literal["bilinear", "bicubic"]
Crop = Literal["centre", "squeeze", "letterbox"]
Detector = Literal["drawn", "human"]
Box = tuple[float, float, float, float]

FILL = (124, 116, 104)  # what a letterbox has beside the picture: ImageNet's mean colour, which says nothing


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes `size` × `size` pixels.

    `crop` "centre": a centred square whose side is `fraction` (0 to 1) of the picture's short edge. Size 224 and
    fraction 224 / 256 is torchvision's "resize to 256, crop the middle 224", done in one step.
    "squeeze": the whole picture, its long edge compressed. "letterbox": the whole picture in its proportions, with
    FILL beside it. These two need `fraction` 1.
    `face`: the detector that finds the largest face, which is then treated as if it were the picture; where there is
    none, or with None, that is the whole of it.
    """

    size: int = 224
    fraction: float = 0.875
    interpolation: Interpolation = "bilinear"
    crop: Crop = "centre"
    face: Detector | None = None

    def scaled(self, width: int, height: int) -> tuple[int, int]:
        """How large the whole of a picture of `width` × `height` pixels becomes, in pixels.

        Rounded as torchvision rounds.
        """
        if self.crop == "squeeze":
            return self.size, self.size
        if self.crop == "letterbox":
            long = max(width, height)
            return max(1, round(self.size * width / long)), max(1, round(self.size * height / long))
        short, short_edge = min(width, height), round(self.size / self.fraction)
        return short_edge * width // short, short_edge * height // short

    def seen(self, width: int, height: int) -> tuple[int, int]:
        """How much of the square the picture fills: all of it, but for a letterbox."""
        return self.scaled(width, height) if self.crop == "letterbox" else (self.size, self.size)

    def box(self, width: int, height: int) -> Box:
        """Left, top, right and bottom edge of the part that is seen of an upright picture of `width` × `height`."""
        if self.crop != "centre":
            return 0.0, 0.0, float(width), float(height)
        scaled_width, scaled_height = self.scaled(width, height)
        left, top = round((scaled_width - self.size) / 2), round((scaled_height - self.size) / 2)
        across, down = width / scaled_width, height / scaled_height
        return left * across, top * down, (left + self.size) * across, (top + self.size) * down
