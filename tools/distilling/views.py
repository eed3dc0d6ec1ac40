"""Views to learn from: parts of pictures, varied by chance, each with what the teacher sees in it.

They are made once, in shards, and kept; a run that was interrupted goes on with the next shard.
"""

import io
import math
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps, ImageStat

from distilling.drawn import drawn, ground
from distilling.sources import HEADS, PACKAGES, pictures_of

CUT = 256  # a view's edge before it is scaled to what teacher and student see
DRAWN_SHARE = 0.12
LARGE = 1_200_000  # pixels: worth many views, and slow to read
Seen = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def make_views(
    folder: Path, sources: Path | None, teacher: Seen, sizes: tuple[int, int], *, shards: int, views: int, seed: int
) -> None:
    """Write shards 0 … `shards` - 1, each `pixels` uint8 [`views`, S, S, 3] and `features` float16 [`views`, D].

    `sizes` are the edges that the student and the teacher see. `sources` None: drawn pictures alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [(package.share, pictures_of(sources, package)) for package in (*PACKAGES, HEADS)] if sources else []
    kinds = [kind for kind in kinds if kind[1]]
    for number in range(shards):
        path = folder / f"shard-{number:03}.npz"
        if path.exists():
            continue
        own, its = [], []
        for cut in _cuts(kinds, views, random.Random(f"{seed} {number}")):
            own.append(np.asarray(cut.resize((sizes[0], sizes[0]), Image.Resampling.BILINEAR)))
            its.append(np.asarray(cut.resize((sizes[1], sizes[1]), Image.Resampling.BILINEAR)))
        order = np.random.default_rng([seed, number]).permutation(views)
        seen = np.concatenate([teacher(np.stack(its[start : start + 16])) for start in range(0, views, 16)])
        aside = path.with_suffix(".part.npz")
        np.savez(aside, pixels=np.stack(own)[order], features=seen[order].astype(np.float16))
        aside.rename(path)
        print(f"views {(number + 1) * views}", flush=True)


def load_views(folder: Path, shards: range) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """`pixels` [N, S, S, 3] and `features` [N, D] of these shards."""
    loaded = [np.load(folder / f"shard-{number:03}.npz") for number in shards]
    return np.concatenate([each["pixels"] for each in loaded]), np.concatenate([each["features"] for each in loaded])


def _cuts(kinds: list[tuple[float, list[Path]]], views: int, chance: random.Random) -> Iterator[Image.Image]:
    made = 0
    recent: list[Image.Image] = []  # parts that others are put together with
    while made < views:
        if not kinds or chance.random() < DRAWN_SHARE:
            pictures, times = [drawn(chance) for _ in range(8)], 8
        else:
            paths = chance.choices([kind[1] for kind in kinds], [kind[0] for kind in kinds])[0]
            picture = _opened(chance.choice(paths))
            if picture is None:
                continue
            pictures, times = [picture], 16 if picture.width * picture.height > LARGE else 8
        for turn in range(min(times, views - made)):
            part = _part(pictures[turn % len(pictures)], chance)
            if _says_little(part) and chance.random() < 0.8:
                continue
            recent = [*recent[-31:], part.copy()]
            yield _varied(part, chance, recent)
            made += 1


def _opened(path: Path) -> Image.Image | None:
    """RGB or RGBA, None where it cannot be read or is tiny."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                picture.draft("RGB", (1600, 1600))
                clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
                opened = picture.convert("RGBA" if clear else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return opened if min(opened.size) >= 40 and max(opened.size) <= 8 * min(opened.size) else None


def _part(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A random part of it (Szegedy et al. 2015), CUT × CUT, on a ground where it is transparent."""
    width, height = picture.size
    least = 0.08 if width * height > LARGE else 0.25
    if chance.random() < 0.2:  # the middle square, as most pictures are looked at
        side = min(width, height) * chance.uniform(0.85, 1)
        box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    elif chance.random() < 0.15:  # all of it, squeezed
        box = (0, 0, width, height)
    else:
        area = math.exp(chance.uniform(math.log(least), 0)) * width * height
        aspect = math.exp(chance.uniform(-0.35, 0.35))
        w, h = min(width, math.sqrt(area * aspect)), min(height, math.sqrt(area / aspect))
        left, top = chance.uniform(0, width - w), chance.uniform(0, height - h)
        box = (left, top, left + w, top + h)
    part = picture.resize((CUT, CUT), Image.Resampling.BILINEAR, box, reducing_gap=2.0)
    if part.mode == "RGB":
        return part
    back = ground(chance, CUT) if chance.random() < 0.35 else Image.new("RGB", (CUT, CUT), (255, 255, 255))
    back.paste(part, (0, 0), part)
    return back


def _says_little(picture: Image.Image) -> bool:
    """Nearly one colour: sky, a wall, an empty corner."""
    return max(ImageStat.Stat(picture.reduce(8)).stddev) < 10


def _varied(picture: Image.Image, chance: random.Random, recent: list[Image.Image]) -> Image.Image:
    """Other light and colours, and now and then what happens to pictures in the world."""
    if chance.random() < 0.12:
        picture = _together(picture, chance.choice(recent), chance)
    if chance.random() < 0.7:
        for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            picture = enhance(picture).enhance(chance.uniform(0.6, 1.4))
    if chance.random() < 0.12:
        hue, saturation, value = picture.convert("HSV").split()
        by = chance.randrange(256)
        turned = hue.point([(level + by) % 256 for level in range(256)])
        picture = Image.merge("HSV", (turned, saturation, value)).convert("RGB")
    if chance.random() < 0.06:
        picture = ImageOps.grayscale(picture).convert("RGB")
    if chance.random() < 0.02:
        picture = ImageOps.invert(picture)
    if chance.random() < 0.12:
        picture = picture.rotate(chance.uniform(-20, 20), Image.Resampling.BILINEAR, fillcolor=picture.getpixel((0, 0)))
    if chance.random() < 0.1:
        picture = picture.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 3)))
    if chance.random() < 0.12:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=chance.randrange(15, 80))
        picture = Image.open(buffer).convert("RGB")
    if chance.random() < 0.06:  # a film's bars, above and below or beside
        bar = chance.randrange(10, 80)
        picture = ImageOps.pad(
            picture.resize((CUT, CUT - 2 * bar)), (CUT, CUT), color=chance.choice(("black", "white"))
        )
        picture = picture.rotate(90) if chance.random() < 0.3 else picture
    return picture


def _together(one: Image.Image, other: Image.Image, chance: random.Random) -> Image.Image:
    match chance.randrange(3):
        case 0:
            return Image.blend(one, other, chance.uniform(0.2, 0.5))
        case 1:  # beside each other
            at = chance.randrange(CUT // 4, CUT * 3 // 4)
            one.paste(other.crop((at, 0, CUT, CUT)), (at, 0))
        case _:  # one in a corner of the other
            side = chance.randrange(CUT // 4, CUT * 3 // 4)
            one.paste(other.resize((side, side)), (chance.randrange(CUT - side), chance.randrange(CUT - side)))
    return one
