"""Pictures drawn by the program itself, in categories that are neither easy nor hopeless to tell apart."""

import colorsys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = (160, 120)
VARIATION = 0.13  # how far a picture strays from what its category has in common; 1 is the whole range


def generate(folder: Path, pictures: int, categories: int) -> None:
    """`folder`/<category>/<number>.jpg, `pictures` of them in all, the same ones each time."""
    each = [pictures // categories + (number < pictures % categories) for number in range(categories)]
    with ProcessPoolExecutor() as processes:
        list(processes.map(_category, [folder / f"c{number:03}" for number in range(categories)], each))


def _category(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    chance = np.random.default_rng(int(folder.name[1:]))
    common = chance.random(8)
    for number in range(count):
        traits = (common + VARIATION * chance.normal(size=8)) % 1
        _picture(traits, chance).save(folder / f"{number:05}.jpg", quality=85)


def _picture(traits: NDArray[np.float64], chance: np.random.Generator) -> Image.Image:
    """A grating on a gradient of two colours, with some blobs of a third."""
    width, height = SIZE
    down, across = np.mgrid[0:height, 0:width] / height
    first, second, third = (np.array(colorsys.hsv_to_rgb(traits[place], 0.7, 0.9)) for place in (0, 1, 2))
    slope = np.clip(0.5 + (across - 0.6) * np.cos(6.3 * traits[3]) + (down - 0.5) * np.sin(6.3 * traits[3]), 0, 1)
    wave = np.sin(6.3 * (4 + 16 * traits[4]) * (across * np.cos(3.1 * traits[5]) + down * np.sin(3.1 * traits[5])))
    pixels = (first * slope[..., None] + second * (1 - slope[..., None])) * (0.75 + 0.25 * wave[..., None])
    pixels = 255 * pixels + chance.normal(scale=8, size=pixels.shape)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw, radius = ImageDraw.Draw(image), 6 + 18 * traits[6]
    for x, y in chance.random((1 + int(6 * traits[7]), 2)) * SIZE:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tuple((255 * third).astype(int)))
    return image
