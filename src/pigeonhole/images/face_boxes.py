"""A picture on which its faces are framed and named, with nothing but Pillow and numpy."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]

COLOUR, INK = (255, 214, 0), (0, 0, 0)
LEAST_TEXT, MOST_TEXT = 12, 36  # pixels


def framed_faces(pixels: NDArray[np.uint8], faces: Sequence[tuple[Box, str]]) -> bytes:
    """A PNG of uint8 [H, W, 3] RGB with a frame around each box (left, top, right, bottom in its pixels) and its name.

    What the built-in font cannot write is left out of a name; its number, which stands in front, always can.
    """
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    size = min(MOST_TEXT, max(LEAST_TEXT, picture.width // 40))
    font = ImageFont.load_default(size)
    for number, (box, name) in enumerate(faces, 1):
        text = f"{number} {name.encode('latin-1', 'ignore').decode('latin-1')}".strip()
        draw.rectangle(box, outline=COLOUR, width=max(2, size // 8))
        left, _, right, bottom = draw.textbbox((0, 0), text, font)
        x = max(0, min(box[0], picture.width - round(right - left) - 4))
        y = box[1] - round(bottom) - 4 if box[1] >= bottom + 4 else box[1]
        draw.rectangle((x, y, x + round(right - left) + 4, y + round(bottom) + 4), fill=COLOUR)
        draw.text((x + 2, y + 2), text, INK, font)
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
