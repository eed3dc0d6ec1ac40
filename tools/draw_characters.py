"""Draws pictures of three cartoon girls who look alike: the same pose and similar hair, as in real series.

    python tools/draw_characters.py FOLDER [--training 60] [--new 8] [--seed 0]

makes FOLDER/tf_files/data/<name>/ with pictures to learn from, and FOLDER/in/ with new ones under numbers.
What tells them apart: Mila wears a red ribbon and has green eyes, Nora has a fringe and blue eyes, Tess has freckles,
brown eyes and short hair. Pose, light, size, background and the shade of the hair vary from picture to picture.
"""

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = 240
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Character:
    name: str
    eyes: Colour
    hair_length: float
    ribbon: bool = False
    fringe: bool = False
    freckles: bool = False


CHARACTERS = (
    Character("mila", (40, 150, 70), 1.0, ribbon=True),
    Character("nora", (50, 90, 200), 1.0, fringe=True),
    Character("tess", (120, 70, 30), 0.55, freckles=True),
)


def draw(character: Character, chance: random.Random) -> Image.Image:
    """One picture, RGB, SIZE × SIZE or a little larger; the same state of `chance` gives the same picture."""
    picture = _background(chance)
    pen = ImageDraw.Draw(picture)
    scale = chance.uniform(0.75, 1.1)
    middle, top = SIZE / 2 + chance.uniform(-20, 20), SIZE * 0.44 + chance.uniform(-12, 18)

    def at(x: float, y: float) -> tuple[float, float]:
        return middle + x * scale, top + y * scale

    def oval(x: float, y: float, width: float, height: float, colour: Colour) -> None:
        pen.ellipse((*at(x - width, y - height), *at(x + width, y + height)), fill=colour)

    hair = _varied((150, 95, 45), 22, chance)
    skin = _varied((245, 210, 185), 8, chance)
    length = 40 + 80 * character.hair_length
    pen.rounded_rectangle((*at(-62, -30), *at(62, length)), radius=30 * scale, fill=hair)
    oval(0, -12, 64, 62, hair)
    pen.polygon([at(-60, 150), at(-25, 66), at(25, 66), at(60, 150)], fill=_varied((90, 110, 160), 40, chance))
    oval(0, 62, 16, 22, skin)
    oval(0, 10, 47, 54, skin)
    if character.fringe:
        pen.pieslice((*at(-50, -52), *at(50, 34)), 180, 360, fill=hair)
    else:
        pen.polygon(
            [at(-48, 0), at(-44, -42), at(0, -56), at(44, -42), at(48, 0), at(22, -30), at(-18, -32)], fill=hair
        )
    look = chance.uniform(-3, 3)
    for side in (-1, 1):
        oval(side * 20, 14, 12, 15, (255, 255, 255))
        oval(side * 20 + look, 16, 8, 11, character.eyes)
        oval(side * 20 + look, 17, 4, 6, (20, 20, 25))
        oval(side * 20 + look + 3, 11, 2.5, 3.5, (255, 255, 255))
        oval(side * 31, 34, 8, 4, _varied((248, 175, 165), 6, chance))
    if character.freckles:
        for x, y in ((-34, 29), (-28, 33), (-23, 28), (34, 29), (28, 33), (23, 28), (-5, 27), (5, 27)):
            oval(x, y, 2, 2, (170, 110, 80))
    smile = chance.uniform(2, 8)
    pen.arc((*at(-12, 36 - smile), *at(12, 42 + smile)), 20, 160, fill=(150, 60, 60), width=max(2, round(3 * scale)))
    if character.ribbon:
        red = _varied((210, 40, 55), 15, chance)
        pen.polygon([at(0, -62), at(-30, -82), at(-30, -44)], fill=red)
        pen.polygon([at(0, -62), at(30, -82), at(30, -44)], fill=red)
        oval(0, -62, 8, 8, red)
    picture = picture.rotate(chance.uniform(-8, 8), Image.Resampling.BICUBIC, expand=False, fillcolor=(230, 230, 230))
    return picture.filter(ImageFilter.GaussianBlur(chance.uniform(0, 1.2)))


def _background(chance: random.Random) -> Image.Image:
    picture = Image.new("RGB", (SIZE, SIZE), _varied((190, 200, 210), 55, chance))
    pen = ImageDraw.Draw(picture)
    for _ in range(chance.randint(2, 7)):
        x, y, radius = chance.uniform(0, SIZE), chance.uniform(0, SIZE), chance.uniform(10, 70)
        box = (x - radius, y - radius, x + radius, y + radius)
        chance.choice((pen.ellipse, pen.rectangle))(box, fill=_varied((180, 190, 180), 70, chance))
    return picture


def _varied(colour: Colour, by: int, chance: random.Random) -> Colour:
    shift = chance.randint(-by, by)  # of lightness mostly, of hue a little
    red, green, blue = (max(0, min(255, value + shift + chance.randint(-by // 3, by // 3))) for value in colour)
    return red, green, blue


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw three cartoon characters who look alike.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--training", type=int, default=60, help="pictures of each to learn from")
    parser.add_argument("--new", type=int, default=8, help="new pictures of each")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    for character in CHARACTERS:
        data = arguments.folder / "tf_files" / "data" / character.name
        data.mkdir(parents=True, exist_ok=True)
        for number in range(arguments.training):
            draw(character, chance).save(data / f"{character.name} {number:03}.jpg", quality=88)
    new = [character for character in CHARACTERS for _ in range(arguments.new)]
    chance.shuffle(new)
    folder = arguments.folder / "in"
    folder.mkdir(parents=True, exist_ok=True)
    for number, character in enumerate(new):
        draw(character, chance).save(folder / f"download {number:02}.jpg", quality=88)


if __name__ == "__main__":
    main()
