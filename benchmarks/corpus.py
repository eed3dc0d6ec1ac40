"""Photo-like JPEG and PNG files in any number, the same for the same seed, none with the bytes of another.

A few large canvases are painted, some 200 windows of them are encoded, and every one of these is written under many
names, each time with another comment. The files 0, 1, 2 … go through the windows in turn, so that the first so many
files are a sample of all of them in which every window stands as often as any other.
"""

import json
import math
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from statistics import NormalDist, median

import numpy as np

from pigeonhole.cpus import available_cpus
from windows import Canvases, with_number

VERSION = 1  # raise it when other files are made: what was made before is then left alone
DISTINCT = 200
IN_ONE_FOLDER = 500
PNG_AMONG_SMALLEST = 0.35  # PNGs are the smaller pictures
QUALITIES = (75, 80, 85, 90, 95)
QUALITY_SHARES = (0.25, 0.25, 0.25, 0.15, 0.1)
PROGRESSIVE, FULL_COLOUR = 0.15, 0.15  # shares of the JPEGs; full colour is 4:4:4
ASPECTS = (4 / 3, 3 / 2, 16 / 9)


@dataclass(frozen=True)
class Kind:
    """Sizes in megapixels, log-normal with the deviation `spread`, cut at `least` and `most`."""

    name: str
    median: float
    spread: float
    least: float
    most: float
    png_share: float = 0.15


MIXED = Kind("mixed", 2.0, 0.85, 0.1, 12.0)
SMALL = Kind("small", 0.3, 0.4, 0.1, 1.0)


@dataclass(frozen=True)
class Plan:
    """One picture before it is painted. JPEGs have a `quality`; 0 is a PNG."""

    width: int
    height: int
    quality: int
    progressive: bool
    full_colour: bool


@dataclass(frozen=True)
class Corpus:
    folder: Path
    count: int
    distinct: int
    mebibytes: float
    megapixels: float
    median_megapixels: float
    jpeg_share: float
    jpeg_bytes_per_pixel: float
    typical: str  # the picture of about median size, a JPEG

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    @property
    def one(self) -> Path:
        """A folder with the typical picture alone."""
        return self.folder / "one"

    def first(self, count: int) -> Path:
        """A folder with the first `count` pictures, as links; the whole where that is all."""
        if count >= self.count:
            return self.pictures
        folder = self.folder / f"first {count}"
        if not folder.exists():
            making = self.folder / f"first {count}.part"
            shutil.rmtree(making, ignore_errors=True)
            for path in sorted(self.pictures.rglob("*.*"))[:count]:
                target = making / path.relative_to(self.pictures)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, target)
            making.rename(folder)
        return folder


def make(where: Path, kind: Kind, count: int, seed: int) -> Corpus:
    """The corpus in a folder of its own below `where`, which is used again where it is complete."""
    folder = where / f"{kind.name}-{count}-{seed}-v{VERSION}"
    description = folder / "corpus.json"
    if not description.exists():
        shutil.rmtree(folder, ignore_errors=True)
        description.parent.mkdir(parents=True)
        figures = _write(folder, kind, count, seed)
        description.write_text(json.dumps({"kind": asdict(kind), "seed": seed, **figures}, indent=1))
    stored = json.loads(description.read_text())
    return Corpus(folder, **{name: value for name, value in stored.items() if name not in ("kind", "seed")})


def _write(folder: Path, kind: Kind, count: int, seed: int) -> dict[str, object]:
    plans = _plans(kind, min(DISTINCT, count), seed)
    canvases = Canvases(seed)
    for number in range(0, count, IN_ONE_FOLDER):
        (folder / "pictures" / f"{number // IN_ONE_FOLDER:04}").mkdir(parents=True)

    def write(index: int) -> int:
        data = _encoded(plans[index], canvases, seed + index)
        for number in range(index, count, len(plans)):
            _path(folder, number, plans[index]).write_bytes(with_number(data, number))
        return len(data)

    with ThreadPoolExecutor(available_cpus()) as pool:
        lengths = list(pool.map(write, range(len(plans))))
    typical = _path(folder, _typical(plans), plans[_typical(plans)])
    (folder / "one").mkdir()
    os.link(typical, folder / "one" / typical.name)
    return _figures(plans, lengths, count, typical.relative_to(folder))


def _figures(plans: list[Plan], lengths: list[int], count: int, typical: Path) -> dict[str, object]:
    turns = [len(range(index, count, len(plans))) for index in range(len(plans))]
    pixels = [plan.width * plan.height for plan in plans]
    jpegs = [index for index, plan in enumerate(plans) if plan.quality]
    return {
        "count": count,
        "distinct": len(plans),
        "mebibytes": sum(length * times for length, times in zip(lengths, turns, strict=True)) / 2**20,
        "megapixels": sum(size * times for size, times in zip(pixels, turns, strict=True)) / 1e6,
        "median_megapixels": median(pixels) / 1e6,
        "jpeg_share": sum(turns[index] for index in jpegs) / count,
        "jpeg_bytes_per_pixel": sum(lengths[index] for index in jpegs) / sum(pixels[index] for index in jpegs),
        "typical": str(typical),
    }


def _plans(kind: Kind, distinct: int, seed: int) -> list[Plan]:
    """As many plans in any order. Sizes are evenly spaced quantiles, so that few have the same spread as many."""
    random = np.random.default_rng(seed)
    order = random.permutation(distinct)
    small = np.flatnonzero(order < PNG_AMONG_SMALLEST * distinct)
    pngs = set(random.permutation(small)[: round(kind.png_share * distinct)].tolist())
    return [_plan(kind, (rank + 0.5) / distinct, index in pngs, random) for index, rank in enumerate(order)]


def _plan(kind: Kind, quantile: float, png: bool, random: np.random.Generator) -> Plan:
    megapixels = kind.median * math.exp(kind.spread * NormalDist().inv_cdf(quantile))
    pixels = 1e6 * min(kind.most, max(kind.least, megapixels))
    aspect = random.choice(ASPECTS) ** random.choice((1, -1), p=(0.7, 0.3))
    width = round(math.sqrt(pixels * aspect))
    quality = int(random.choice(QUALITIES, p=QUALITY_SHARES))
    progressive, full_colour = random.random() < PROGRESSIVE, random.random() < FULL_COLOUR
    return Plan(width, round(pixels / width), 0 if png else quality, progressive, full_colour)


def _encoded(plan: Plan, canvases: Canvases, seed: int) -> bytes:
    window = canvases.window(plan.width, plan.height, np.random.default_rng(seed))
    buffer = BytesIO()
    if plan.quality:
        subsampling = "4:4:4" if plan.full_colour else "4:2:0"
        window.save(buffer, "JPEG", quality=plan.quality, subsampling=subsampling, progressive=plan.progressive)
    else:
        window.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _typical(plans: list[Plan]) -> int:
    """The plain JPEG whose size is nearest to the median."""
    middle = median(plan.width * plan.height for plan in plans)
    plain = [index for index, plan in enumerate(plans) if plan.quality and not plan.progressive]
    return min(plain, key=lambda index: abs(plans[index].width * plans[index].height - middle))


def _path(folder: Path, number: int, plan: Plan) -> Path:
    suffix = "jpg" if plan.quality else "png"
    return folder / "pictures" / f"{number // IN_ONE_FOLDER:04}" / f"IMG_{number:06}.{suffix}"


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def read_once(folder: Path) -> None:
    """So that no run is the one that finds the disk's cache empty."""
    for path in files(folder):
        path.read_bytes()
