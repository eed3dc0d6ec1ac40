"""Pictures made by rule: shapes, textures, fractals, letters and faces, in any number and free of anyone's rights."""

import math
import random
import string

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 288
Colour = tuple[int, int, int]


def drawn(chance: random.Random) -> Image.Image:
    """One picture, RGB, SIDE × SIDE; the same state of `chance` gives the same picture."""
    return chance.choice((_shapes, _texture, _fractal, _letters, _face, _face, _stripes))(chance)


def _colour(chance: random.Random) -> Colour:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def ground(chance: random.Random, side: int = SIDE) -> Image.Image:
    """A background: one colour, or two that flow into each other."""
    one, other = np.array(_colour(chance)), np.array(_colour(chance))
    if chance.random() < 0.4:
        return Image.new("RGB", (side, side), tuple(one.tolist()))
    angle = chance.uniform(0, 2 * math.pi)
    down, across = np.mgrid[0:side, 0:side] / side - 0.5
    share = np.clip(0.5 + across * math.cos(angle) + down * math.sin(angle), 0, 1)[..., None]
    return Image.fromarray((one * share + other * (1 - share)).astype(np.uint8))


def _shapes(chance: random.Random) -> Image.Image:
    picture = ground(chance)
    pen = ImageDraw.Draw(picture)
    for _ in range(chance.randrange(1, 14)):
        x, y, size = chance.uniform(0, SIDE), chance.uniform(0, SIDE), chance.uniform(10, 130)
        box = (x - size, y - size * chance.uniform(0.3, 1), x + size, y + size)
        fill = _colour(chance) if chance.random() < 0.8 else None
        width = chance.randrange(1, 9)
        match chance.randrange(5):
            case 0:
                pen.ellipse(box, fill, _colour(chance), width)
            case 1:
                pen.rectangle(box, fill, _colour(chance), width)
            case 2:
                pen.regular_polygon((x, y, size), chance.randrange(3, 9), chance.randrange(360), fill, _colour(chance))
            case 3:
                pen.line([(chance.uniform(0, SIDE), chance.uniform(0, SIDE)) for _ in range(4)], _colour(chance), width)
            case _:
                points = [
                    (x + size * chance.uniform(0.3, 1) * math.cos(a / 3), y + size * math.sin(a / 3)) for a in range(19)
                ]
                pen.polygon(points, fill, _colour(chance))
    return picture


def _noise(chance: random.Random, channels: int) -> NDArray[np.float64]:
    """[SIDE, SIDE, channels], 0 to 1: noise of several sizes on top of each other, as clouds and bark have it."""
    numbers = np.random.default_rng(chance.getrandbits(32))
    fall = chance.uniform(0.4, 0.9)
    layers = []
    for octave in range(1, 7):
        grid = numbers.random((2**octave + 1, 2**octave + 1, channels))
        wide = [Image.fromarray((grid[..., c] * 255).astype(np.uint8)).resize((SIDE, SIDE), 3) for c in range(channels)]
        layers.append(np.stack([np.asarray(each, dtype=np.float64) for each in wide], axis=-1) * fall**octave)
    total = np.sum(layers, axis=0)
    total -= total.min()
    return np.asarray(total / max(float(total.max()), 1e-9))


def _texture(chance: random.Random) -> Image.Image:
    if chance.random() < 0.4:
        return Image.fromarray((_noise(chance, 3) * 255).astype(np.uint8))
    field = _noise(chance, 1)
    if chance.random() < 0.5:  # rings, as of wood or marble
        field = 0.5 + 0.5 * np.sin(field * chance.uniform(10, 80))
    one, other = np.array(_colour(chance)), np.array(_colour(chance))
    return Image.fromarray((one * field + other * (1 - field)).astype(np.uint8))


def _fractal(chance: random.Random) -> Image.Image:
    """A Julia set."""
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE * 3 - 1.5
    place = (across + 1j * down) * chance.uniform(0.2, 1) + complex(
        chance.uniform(-0.3, 0.3), chance.uniform(-0.3, 0.3)
    )
    angle = chance.uniform(0, 2 * math.pi)
    constant = (0.75 + chance.uniform(-0.1, 0.1)) * complex(math.cos(angle), math.sin(angle))
    steps = np.zeros(place.shape)
    for _ in range(40):
        inside = np.abs(place) < 4
        place = np.where(inside, place * place + constant, place)
        steps += inside
    shares = (steps / 40)[..., None] ** np.array([chance.uniform(0.3, 3) for _ in range(3)])
    return Image.fromarray((shares * 255).astype(np.uint8))


def _letters(chance: random.Random) -> Image.Image:
    picture = ground(chance)
    pen = ImageDraw.Draw(picture)
    for _ in range(chance.randrange(1, 12)):
        words = "".join(chance.choices(string.ascii_letters + string.digits + "  .,!?", k=chance.randrange(1, 16)))
        font = ImageFont.load_default(chance.uniform(12, 110))
        pen.text((chance.uniform(-40, SIDE * 0.7), chance.uniform(-20, SIDE * 0.9)), words, _colour(chance), font)
    return picture


def _stripes(chance: random.Random) -> Image.Image:
    angle, period = chance.uniform(0, math.pi), chance.uniform(4, 70)
    down, across = np.mgrid[0:SIDE, 0:SIDE]
    wave = np.sin((across * math.cos(angle) + down * math.sin(angle)) * 2 * math.pi / period)
    if chance.random() < 0.5:  # checks
        wave = wave * np.sin((across * math.sin(angle) - down * math.cos(angle)) * 2 * math.pi / period)
    share = (np.clip(wave * chance.choice((1, 50)), -1, 1) * 0.5 + 0.5)[..., None]
    return Image.fromarray(
        (np.array(_colour(chance)) * share + np.array(_colour(chance)) * (1 - share)).astype(np.uint8)
    )


def _face(chance: random.Random) -> Image.Image:
    """A cartoon head: skin, hair, eyes, brows, mouth, perhaps a hat, glasses or a beard, each by chance."""
    picture = ground(chance)
    pen = ImageDraw.Draw(picture)
    skin, hair, line = _colour(chance), _colour(chance), chance.choice(((0, 0, 0), _colour(chance)))
    x, y = SIDE / 2 + chance.uniform(-40, 40), SIDE / 2 + chance.uniform(-30, 40)
    wide, high = chance.uniform(45, 95), chance.uniform(55, 110)
    pen_width = chance.choice((0, 0, 2, 4))

    def oval(  # noqa: PLR0917  # middle, half width and height
        left: float, top: float, w: float, h: float, fill: Colour | None, width: int = pen_width
    ) -> None:
        pen.ellipse((left - w, top - h, left + w, top + h), fill, line if width else None, width)

    chin, shoulder = y + high * 0.8, _colour(chance)
    pen.polygon([(x - 2 * wide, SIDE), (x - wide / 2, chin), (x + wide / 2, chin), (x + 2 * wide, SIDE)], shoulder)
    if chance.random() < 0.75:
        oval(x, y - high * 0.15, wide * 1.2, high * chance.uniform(1.0, 1.15), hair)
        if chance.random() < 0.5:
            pen.rectangle((x - wide * 1.2, y - 10, x + wide * 1.2, y + high * chance.uniform(0.3, 1.5)), hair)
    oval(x, y, wide, high, skin)
    apart, eye, tall = wide * chance.uniform(0.3, 0.55), wide * chance.uniform(0.08, 0.28), chance.uniform(0.7, 1.8)
    iris, look = _colour(chance), chance.uniform(-0.3, 0.3)
    for side in (-1, 1):
        oval(x + side * apart, y - high * 0.1, eye, eye * tall, (255, 255, 255))
        oval(x + side * apart + look * eye, y - high * 0.1, eye * 0.6, eye * tall * 0.6, iris)
        oval(x + side * apart + look * eye, y - high * 0.1, eye * 0.3, eye * tall * 0.3, (0, 0, 0), 0)
        brow, tilt = y - high * 0.1 - eye * tall - 8, chance.uniform(-8, 8)
        pen.line((x + side * (apart - eye), brow + tilt, x + side * (apart + eye), brow), line, 4)
    if chance.random() < 0.4:  # glasses
        for side in (-1, 1):
            oval(x + side * apart, y - high * 0.1, eye * 1.6, eye * 1.6, None, 4)
    mouth = y + high * 0.5
    pen.arc((x - wide * 0.4, mouth - 20, x + wide * 0.4, mouth + 15), *chance.choice(((0, 180), (180, 360))), line, 5)
    pen.line((x, y, x + chance.uniform(-12, 12), y + high * 0.2), line, 3)
    if chance.random() < 0.3:  # a beard, or a mask
        pen.pieslice((x - wide, y - high, x + wide, y + high), 20, 160, hair)
    if chance.random() < 0.5:  # a fringe, or a hat
        top = chance.choice((0.3, 0.5, 0.7))
        pen.chord(
            (x - wide, y - high, x + wide, y + high * (1 - top)), 180, 360, chance.choice((hair, _colour(chance)))
        )
    return picture.filter(ImageFilter.GaussianBlur(chance.choice((0, 0, 1, 2))))
