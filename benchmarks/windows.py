"""Pictures as hard for a decoder as photographs: soft shades, some edges, some grain; cut from large canvases."""

import zlib

import numpy as np
from PIL import Image, ImageDraw

CANVASES = 4
CANVAS = (4640, 3040)  # 12 megapixels fit in, even at 16 : 9
REDUCED = 3  # small pictures are cut from canvases so many times smaller, or they would show nothing but a corner
CELLS = ((900, 60.0), (300, 30.0), (90, 14.0), (30, 7.0), (8, 4.0))  # pixels, and how much they differ
SHAPES = 120
GRAIN = 4


class Canvases:
    def __init__(self, seed: int) -> None:
        self._large = [_canvas(np.random.default_rng((seed, number))) for number in range(CANVASES)]
        self._small = [canvas.reduce(REDUCED) for canvas in self._large]

    def window(self, width: int, height: int, random: np.random.Generator) -> Image.Image:
        """`width` × `height` pixels from anywhere; pictures in portrait lie on their side on the canvas."""
        across, down = max(width, height), min(width, height)
        fits = across <= CANVAS[0] // REDUCED and down <= CANVAS[1] // REDUCED
        canvas = (self._small if fits else self._large)[random.integers(CANVASES)]
        left = int(random.integers(canvas.width - across + 1))
        top = int(random.integers(canvas.height - down + 1))
        window = canvas.crop((left, top, left + across, top + down))
        return window if width >= height else window.transpose(Image.Transpose.ROTATE_90)


def _canvas(random: np.random.Generator) -> Image.Image:
    shades = np.full((CANVAS[1], CANVAS[0], 3), 128, np.int16)
    for cell, strength in CELLS:
        coarse = random.normal(128, strength, (CANVAS[1] // cell + 2, CANVAS[0] // cell + 2, 3)).clip(0, 255)
        smooth = Image.fromarray(coarse.astype(np.uint8)).resize(CANVAS, Image.Resampling.BICUBIC)
        shades += np.asarray(smooth, np.int16) - 128
    picture = Image.fromarray(shades.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(SHAPES):
        x, y = random.integers(0, CANVAS[0]), random.integers(0, CANVAS[1])
        wide, high = random.integers(20, 700, 2)
        colour = (*random.integers(0, 256, 3).tolist(), 120)
        draw = pen.ellipse if random.random() < 0.5 else pen.rectangle
        draw((int(x), int(y), int(x + wide), int(y + high)), fill=colour)
    grain = random.integers(-GRAIN, GRAIN + 1, shades.shape, np.int8)
    return Image.fromarray((np.asarray(picture, np.int16) + grain).clip(0, 255).astype(np.uint8))


def with_number(data: bytes, number: int) -> bytes:
    """The same picture in other bytes: `number` is written into a comment, as its format wants one."""
    text = f"picture {number:08}".encode()
    if data.startswith(b"\x89PNG"):
        chunk = b"tEXtComment\0" + text
        end = len(data) - 12  # the last chunk, IEND, is always as long
        added = len(chunk[4:]).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        return data[:end] + added + data[end:]
    after = 4 + int.from_bytes(data[4:6], "big")  # behind the first segment, JFIF's own
    return data[:after] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + data[after:]
