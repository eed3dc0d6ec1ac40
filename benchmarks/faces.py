"""How many faces `faces` finds, how many of them are none, and what a picture costs.

python benchmarks/faces.py --real FOLDER --without FOLDER [FOLDER...] [--most 100]

--real: whole pictures with drawn faces, of which each should give one at least. --without: pictures without a drawn
face; every find is a false one. Beside them, whole pictures that the tests draw, where it is known which face is where,
and their backgrounds alone.
"""

import argparse
import resource
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.faces.find import Finder, _child
from pigeonhole.images.whole import to_whole
from scenes import scene
from whole_pictures import BACKGROUND, whole_picture

DRAWN = 60  # pictures of the tests, and as many backgrounds
FACE = (70, 170)  # where in a character's square the middle of its face may be


class Row(NamedTuple):
    pictures: int
    found: int
    faces: int
    processor_seconds: float

    def __str__(self) -> str:
        cost = f"{1000 * self.processor_seconds / max(1, self.pictures):.0f}"
        return f"{self.found} of {self.pictures} | {self.faces} | {cost}"


def searched(finder: Finder, pictures: Iterable[NDArray[np.uint8]]) -> Row:
    """In how many pictures there are finds, how many these are, and the processor's seconds, the child's included."""
    began = _processor()
    counts = [len(finder.faces(pixels)) for pixels in pictures]
    return Row(len(counts), sum(count > 0 for count in counts), sum(counts), _spent(finder, began))


def in_place(finder: Finder) -> Row:
    """Of the tests' characters, how many faces are found where they are; `faces` are the others."""
    began, right, others = _processor(), 0, 0
    for number in range(DRAWN):
        whole = whole_picture(number % 3, 1000 + number)
        places = [
            (face.left + face.side / 2 - whole.left, face.top + face.side / 2 - whole.top)
            for face in finder.faces(np.asarray(whole.picture))
        ]
        hits = sum(FACE[0] < x < FACE[1] and FACE[0] < y < FACE[1] for x, y in places)
        right += hits > 0
        others += len(places) - hits
    return Row(DRAWN, right, others, _spent(finder, began))


def read(folders: Iterable[Path], most: int) -> Iterator[NDArray[np.uint8]]:
    for folder in folders:
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in {".jpg", ".png", ".jpeg"}]
        for path in paths[:: max(1, len(paths) // most)][:most]:
            yield to_whole(path.read_bytes())


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _spent(finder: Finder, began: float) -> float:
    """Seconds of the processors since `began`, with what the child that runs animeface took: it is ended for that."""
    if finder.animeface:
        _child(finder.animeface).close()
    return _processor() - began


def _processor() -> float:
    """Of this process and of the children that have ended."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--without", type=Path, nargs="+", required=True)
    parser.add_argument("--most", type=int, default=100, help="pictures of each folder of --without")
    arguments = parser.parse_args()
    python = animeface_if_there()
    finders = {"cascade alone": Finder("drawn"), "people's cascades": Finder("human")}
    if python:
        finders = {"both detectors": Finder("drawn", python), **finders}
    tell("| looking for faces with | pictures | with a face | faces, or false ones | ms of the processor a picture |")
    tell("|---|---|---:|---:|---:|")
    for name, finder in finders.items():
        if finder.detector == "drawn":
            tell(f"| {name} | real | {searched(finder, read([arguments.real], 10**6))} |")
            tell(f"| {name} | drawn by the tests, in their place | {in_place(finder)} |")
        without = (np.asarray(scene(5000 + number, BACKGROUND)) for number in range(DRAWN))
        tell(f"| {name} | their backgrounds | {searched(finder, without)} |")
        for folder in arguments.without:
            tell(f"| {name} | {folder.name} | {searched(finder, read([folder], arguments.most))} |")


if __name__ == "__main__":
    main()
