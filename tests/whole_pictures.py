"""Whole pictures with a drawn character somewhere in them, and where its face is."""

import random
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from scenes import scene

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from draw_characters import CHARACTERS, SIZE, draw

BACKGROUND = (520, 400)


@dataclass(frozen=True)
class Whole:
    """`left` and `top` of the square of SIZE pixels that holds the character, whose face is in its middle."""

    picture: Image.Image
    left: int
    top: int


def whole_picture(character: int, seed: int) -> Whole:
    """A scene with one of the three characters in it, the same for the same `seed`."""
    chance = random.Random(f"{character} {seed}")
    picture = scene(chance.randrange(10**6), BACKGROUND)
    left, top = chance.randint(0, BACKGROUND[0] - SIZE), chance.randint(0, BACKGROUND[1] - SIZE)
    picture.paste(draw(CHARACTERS[character], chance), (left, top))
    return Whole(picture, left, top)


def write_wholes(folder: Path, each: int, first: int = 0) -> None:
    """`folder`/<name>/ with so many whole pictures of each character."""
    for number, character in enumerate(CHARACTERS):
        (folder / character.name).mkdir(parents=True, exist_ok=True)
        for seed in range(first, first + each):
            whole_picture(number, seed).picture.save(folder / character.name / f"{character.name} scene {seed}.jpg")
