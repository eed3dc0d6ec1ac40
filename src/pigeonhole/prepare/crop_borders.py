"""Pictures without the bars and lines at their edges."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import digest, read
from pigeonhole.images.whole import to_whole
from pigeonhole.output import Output
from pigeonhole.prepare.borders import SIDES, Whole
from pigeonhole.prepare.common_borders import FRAMES, NONE, PICTURES, CommonBorders, Cut, Group, group_of
from pigeonhole.prepare.encode import encoded, suffix_for
from pigeonhole.prepare.folder import PreparedFolder, Product
from pigeonhole.prepare.tree import Counts, Tree, item_of
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable, quantity

MEASURE = "pigeonhole.prepare.borders:measure"
CROP = "pigeonhole.prepare.crop_borders:crop"
MOST_LOST = 0.15  # of a picture, that is cut off besides so that it keeps its shape


@dataclass(frozen=True, slots=True)
class Cropping:
    """For the decoder processes: what is cut off the pictures of each group, and that they make no squares."""

    cuts: tuple[tuple[str, Cut], ...]
    size: int = 0


def crop_borders(source: Path, folder: PreparedFolder, output: Output) -> Counts:
    """Put every picture below `source` into `folder` under the same name, without the border of its film or folder.

    Pictures without one are copied as they are. What is cut where is told to `output`. Raises as Tree.prepare does.
    """
    borders = CommonBorders()
    with DecoderPool(decoder=MEASURE, early=True) as pool:
        for result in Tree(source, pool, Whole(), "Measuring borders", output).results():
            if isinstance(result, Made):
                borders.add(result.found.relative, result.value)
    groups = list(borders.groups())
    for sentence in _found(groups):
        output.note(sentence)
    cropping = Cropping(tuple((group.name, group.cut) for group in groups if group.cut and group.cut != NONE))
    with DecoderPool(decoder=CROP, early=True) as pool:
        tree = Tree(source, pool, cropping, "Cropping borders", output)
        return tree.prepare(folder, folder.ledger.job("crop-borders"), _product)


def _found(groups: Sequence[Group]) -> Iterator[str]:
    """What is cut off which group, and why nothing is cut off the others."""
    for group in groups:
        if group.cut and group.cut != NONE:
            sides = ", ".join(f"{side} {pixels}" for side, pixels in zip(SIDES, group.cut, strict=True))
            loses = quantity(group.count, "picture loses", "pictures lose")
            yield f"{printable(group.name)}: {loses} {sides} pixels."
        if group.background:
            sides = " and ".join(group.background)
            yield (
                f"{printable(group.name)}: nothing is cut off at the {sides}: all pictures are plain there, but that"
                " part ends ragged, or at another line in each, as a background does."
            )
    if not any(group.cut and group.cut != NONE for group in groups):
        yield "No border is common to the pictures of any film or folder; all are copied as they are."
    if few := sum(group.count for group in groups if group.cut is None):
        yield (
            f"{quantity(few, 'picture was', 'pictures were')} not judged and stay as they are: fewer than {FRAMES}"
            f" frames of a film, or {PICTURES} pictures of one size in a folder, cannot tell a border from a"
            " background."
        )


def crop(data: bytes, cropping: Cropping, large_turn: AbstractContextManager[object], relative: PurePath) -> bytes:
    """The picture without its border, as a file that `suffix_for` names; empty where it has none.

    A decoder process calls this.
    """
    pixels = to_whole(data, None, large_turn)
    height, width = pixels.shape[:2]
    cut = dict(cropping.cuts).get(group_of(relative, width, height), NONE)
    if cut == NONE:
        return b""
    sha256 = hashlib.sha256(data).hexdigest()
    return encoded(without(pixels, cut), suffix_for(relative), data, sha256)


def without(pixels: NDArray[np.uint8], cut: Cut) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] without so many pixels at each of SIDES, made as large as it was.

    Where its shape would change little, it loses a little more and keeps it: a shape, too, gives a film away.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = cut[0], cut[1], width - cut[2], height - cut[3]
    across, down = right - left, bottom - top
    scale = min(across / width, down / height)
    kept_across, kept_down = round(width * scale), round(height * scale)
    if kept_across * kept_down >= (1 - MOST_LOST) * across * down:
        left, top = left + (across - kept_across) // 2, top + (down - kept_down) // 2
        right, bottom = left + kept_across, top + kept_down
        size = width, height
    else:
        scale = min(width / across, height / down)
        size = round(across * scale), round(down * scale)
    part = Image.fromarray(pixels[top:bottom, left:right])
    return np.asarray(part.resize(size, Image.Resampling.BICUBIC))


def _product(made: Made) -> Product:
    relative = made.found.relative
    if made.value:
        name = Name.of(relative.parent, relative.stem + suffix_for(relative))
        return Product(item_of(relative, made.sha256), ((name, made.value),))
    data = read(made.found.path)[0]
    return Product(item_of(relative, digest(data)), ((Name.of(relative.parent, relative.name), data),))
