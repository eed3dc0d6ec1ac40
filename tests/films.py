"""Films that tests make: scenes of coloured squares, in any container, rate and form."""

import random
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

RATE = 25  # frames a second, where a film has a rate
CLOCK = Fraction(1, 1000)


def picture(seed: int, width: int = 320, height: int = 180) -> NDArray[np.uint8]:
    """A picture of large random squares, the same for the same `seed`, uint8 [height, width, 3]."""
    cells = np.random.default_rng(seed).integers(20, 235, (6, 8, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 6 // height, np.arange(width) * 8 // width
    return cells[rows][:, columns]


def scenes(seconds: float, length: float, seed: int = 0) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """(time, frame) at RATE, with another picture every `length` seconds."""
    for number in range(round(seconds * RATE)):
        yield number / RATE, picture(seed + int(number / RATE / length))


def write_film(
    path: Path,
    frames: Iterable[tuple[float, Any]],
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    adjust: Callable[[Any], None] = lambda stream: None,
    pix_fmt: str = "yuv420p",
) -> Path:
    """A film of `frames`: times in seconds with uint8 [H, W, 3] RGB or a ready VideoFrame. `adjust` sets its stream."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream: Any = None
    with av.open(str(path), "w", options=container_options or {}) as container:
        for time, each in frames:
            frame = each if isinstance(each, av.VideoFrame) else av.VideoFrame.from_ndarray(each, format="rgb24")
            if stream is None:
                stream = container.add_stream(codec, rate=RATE, options=options or {"preset": "ultrafast", "g": "25"})
                stream.pix_fmt, stream.width, stream.height = pix_fmt, frame.width, frame.height
                stream.codec_context.time_base = CLOCK if codec == "libx264" else Fraction(1, RATE)
                adjust(stream)
            frame.time_base = stream.codec_context.time_base
            frame.pts = round(time / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def drawn(seed: int, width: int = 320, height: int = 180) -> NDArray[np.uint8]:
    """A picture of ellipses and rectangles on grey, no two seeds alike, uint8 [height, width, 3]."""
    chance = random.Random(seed)
    image = Image.new("RGB", (width, height), (128, 128, 128))
    pen = ImageDraw.Draw(image)
    for _ in range(25):
        x, y, across, down = (
            chance.random() * width,
            chance.random() * height,
            chance.uniform(10, 120),
            chance.uniform(10, 90),
        )
        shape = chance.choice((pen.ellipse, pen.rectangle))
        shape((x - across / 2, y - down / 2, x + across / 2, y + down / 2), fill=tuple(chance.choices(range(256), k=3)))
    return np.asarray(image)
