"""Pictures of other things than any category: drawn scenes, patterns, text, and parts of two photographs."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from sklearn.datasets import load_sample_images

SIZE = 300
Colour = tuple[int, int, int]


def write_ood_pictures(folder: Path, seed: int = 0) -> list[Path]:
    """50 pictures: ten parts of photographs (a temple, a flower), and five of each of eight kinds of drawing."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    paths = []
    for number, picture in enumerate([*_photographs(chance), *(draw(chance) for draw in DRAWINGS for _ in range(5))]):
        paths.append(folder / f"ood {number:02}.png")
        picture.save(paths[-1])
    return paths


def _photographs(chance: random.Random) -> list[Image.Image]:
    parts = []
    for photograph in load_sample_images().images:
        whole = Image.fromarray(photograph)
        for _ in range(5):
            side = chance.randint(180, 400)
            left, top = chance.randint(0, whole.width - side), chance.randint(0, whole.height - side)
            parts.append(whole.crop((left, top, left + side, top + side)))
    return parts


def _colour(chance: random.Random) -> Colour:
    return chance.randint(0, 255), chance.randint(0, 255), chance.randint(0, 255)


def _landscape(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), (120, 180, 240))
    pen = ImageDraw.Draw(picture)
    for layer in range(3):
        height, phase = SIZE * (0.4 + 0.2 * layer), chance.uniform(0, 6)
        ridge = [(x, height + 30 * math.sin(x / 40 + phase) + chance.uniform(-6, 6)) for x in range(0, SIZE + 10, 10)]
        pen.polygon([(0, SIZE), *ridge, (SIZE, SIZE)], (40 + 30 * layer, 110 + 40 * layer, 40))
    sun = chance.randint(20, 240)
    pen.ellipse((sun, 20, sun + 40, 60), "yellow")
    return picture


def _house(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), (190, 220, 250))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 230, SIZE, SIZE), (90, 160, 70))
    left, width = chance.randint(30, 90), chance.randint(110, 170)
    pen.rectangle((left, 130, left + width, 240), _colour(chance))
    pen.polygon([(left - 15, 130), (left + width // 2, 60), (left + width + 15, 130)], (150, 50, 40))
    for column in range(2):
        pen.rectangle((left + 15 + 60 * column, 150, left + 45 + 60 * column, 180), (250, 250, 190), "black", 3)
    return picture


def _text(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), "white")
    pen = ImageDraw.Draw(picture)
    for line in range(18):
        words = " ".join("".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(7))
        pen.text((15, 10 + 15 * line), words, "black")
    return picture


def _chart(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), "white")
    pen = ImageDraw.Draw(picture)
    pen.line([(30, 20), (30, 270), (280, 270)], "black", 2)
    for bar in range(7):
        pen.rectangle((45 + 33 * bar, chance.randint(40, 250), 65 + 33 * bar, 269), _colour(chance))
    return picture


def _fractal(chance: random.Random) -> Image.Image:
    real, imaginary = np.meshgrid(np.linspace(-1.6, 1.6, SIZE), np.linspace(-1.6, 1.6, SIZE))
    point, constant = real + 1j * imaginary, complex(chance.uniform(-0.9, -0.3), chance.uniform(0.2, 0.7))
    escaped = np.zeros(point.shape)
    for _ in range(40):
        inside = np.abs(point) < 4
        point[inside] = point[inside] ** 2 + constant
        escaped += inside
    shades = [(escaped * chance.randint(3, 9)) % 256 for _ in range(3)]
    return Image.fromarray(np.stack(shades, axis=-1).astype(np.uint8))


def _shapes(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), _colour(chance))
    pen = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, size = chance.randint(0, 250), chance.randint(0, 250), chance.randint(20, 110)
        chance.choice((pen.ellipse, pen.rectangle))((x, y, x + size, y + size), _colour(chance))
    return picture


def _texture(chance: random.Random) -> Image.Image:
    noise = np.random.default_rng(chance.randint(0, 10**6)).integers(0, 256, (SIZE // 6, SIZE // 6, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((SIZE, SIZE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))


def _flower(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), (150, 200, 120))
    pen = ImageDraw.Draw(picture)
    petals, colour, middle = chance.randint(5, 11), _colour(chance), SIZE // 2
    pen.line([(middle, middle), (middle, SIZE)], (40, 120, 40), 8)
    for petal in range(petals):
        angle = 2 * math.pi * petal / petals
        x, y = middle + 60 * math.cos(angle), middle - 20 + 60 * math.sin(angle)
        pen.ellipse((x - 32, y - 32, x + 32, y + 32), colour)
    pen.ellipse((middle - 30, middle - 50, middle + 30, middle + 10), (240, 210, 60))
    return picture


DRAWINGS: tuple[Callable[[random.Random], Image.Image], ...] = (
    _landscape,
    _house,
    _text,
    _chart,
    _fractal,
    _shapes,
    _texture,
    _flower,
)
