"""Drawn scenes, all different: pictures for tests that need many and care for none."""

import random
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageDraw


def scene(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A drawn scene, another one for every seed."""
    chance = random.Random(seed)
    picture = Image.new("RGB", size, tuple(chance.choices(range(256), k=3)))
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, edge = chance.randint(-20, size[0]), chance.randint(-20, size[1]), chance.randint(10, 70)
        pen.ellipse((x, y, x + edge, y + edge), tuple(chance.choices(range(256), k=3)))
    return picture


def drawn(folder: Path, seeds: Iterable[int], size: tuple[int, int] = (160, 120)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        scene(seed, size).save(folder / f"{chr(97 + seed % 26)}{seed}x.png")
