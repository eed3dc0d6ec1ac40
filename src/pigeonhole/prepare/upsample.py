"""More pictures from few: each is drawn in other ways, in files that remember what they were made from."""

import hashlib
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import find, read
from pigeonhole.images.redraw import REDRAWINGS
from pigeonhole.images.whole import to_whole
from pigeonhole.output import Output
from pigeonhole.prepare.encode import encoded, suffix_for
from pigeonhole.prepare.folder import PreparedFolder, Product
from pigeonhole.prepare.tree import Counts, Tree, item_of
from pigeonhole.records import Found
from pigeonhole.sorting.template import Name
from pigeonhole.text import shortened

REDRAW = "pigeonhole.prepare.upsample:redraw"


@dataclass(frozen=True, slots=True)
class Upsampling:
    """For the decoder processes: in how many other ways each picture is drawn, and that they make no squares.

    `of` has the pictures, by their path below the folder, for which it is not `each`.
    """

    each: int
    of: tuple[tuple[str, int], ...] = ()
    size: int = 0


@dataclass(slots=True)
class UpsampleCounts:
    """What became of the files of a tree, and how many pictures were drawn anew."""

    files: Counts
    redrawn: int = 0


def upsample(source: Path, folder: PreparedFolder, each: int, balance: bool, output: Output) -> UpsampleCounts:
    """Copy every picture below `source` into `folder`, with `each` (1 to 6) others as `<stem>~invert.<ext>` beside it.

    With `balance` only folders directly below `source` with fewer pictures than the largest get any, as many as they
    lack, and `each` for a picture at most. Raises as Tree.prepare does.
    """
    upsampling = Upsampling(each, tuple(_lacking(source, each).items()) if balance else ())
    counts = UpsampleCounts(Counts())

    def product_of(made: Made) -> Product:
        relative, redrawn = made.found.relative, made.value
        counts.redrawn += len(redrawn)
        suffix = suffix_for(relative)
        files = [(Name.of(relative.parent, relative.name), read(made.found.path)[0])]
        for way, data in redrawn:
            files.append((Name.of(relative.parent, shortened(relative.stem, f"~{way}{suffix}")), data))
        return Product(item_of(relative, made.sha256), tuple(files))

    with DecoderPool(decoder=REDRAW, early=True) as pool:
        tree = Tree(source, pool, upsampling, "Drawing pictures anew", output)
        counts.files = tree.prepare(folder, folder.ledger.job(f"upsample {each} {balance}"), product_of)
    return counts


def redraw(
    data: bytes, upsampling: Upsampling, large_turn: AbstractContextManager[object], relative: PurePath
) -> tuple[tuple[str, bytes], ...]:
    """The other drawings of a picture, each with the name of its way. A decoder process calls this.

    Which ways these are, and their noise, depends on the picture alone.
    """
    count = dict(upsampling.of).get(str(relative), upsampling.each)
    pixels = to_whole(data, None, large_turn)
    sha256, suffix = hashlib.sha256(data).hexdigest(), suffix_for(relative)
    chance = np.random.default_rng(int(sha256[:16], 16))
    ways = sorted(chance.permutation(list(REDRAWINGS))[:count].tolist())
    return tuple((way, encoded(REDRAWINGS[way](pixels, chance), suffix, data, sha256)) for way in ways)


def _lacking(source: Path, each: int) -> dict[str, int]:
    """For each picture, by its path below `source`, how many others its category needs from it."""
    pictures: dict[str, list[str]] = defaultdict(list)
    for item in find(source):
        if isinstance(item, Found):
            pictures[item.relative.parts[0] if len(item.relative.parts) > 1 else ""].append(str(item.relative))
    most = max(map(len, pictures.values()), default=0)
    shares = {}
    for names in pictures.values():
        every, further = divmod(most - len(names), len(names))
        for number, name in enumerate(sorted(names)):
            shares[name] = min(each, every + (number < further))
    return shares
