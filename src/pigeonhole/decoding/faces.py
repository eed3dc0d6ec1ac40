"""Faces in many pictures, which decoder processes look for."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.decoding.item import Made, Problem
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.images.preprocessing import Detector, Preprocessing
from pigeonhole.records import FaceSearch, Found

CUT = "pigeonhole.decoding.faces:cut_faces"
COUNT = "pigeonhole.decoding.faces:count_faces"
LOOK = "pigeonhole.decoding.faces:look_for_face"
EDGE = 640  # pixels of the longer edge of what is counted in: enough to tell drawn pictures from photos
SAMPLE = 12  # pictures that tell it
DETECTORS: tuple[Detector, ...] = ("drawn", "human")


@dataclass(frozen=True, slots=True)
class Counting:
    """For the decoder processes: what runs animeface, and that they make no squares."""

    animeface: Path | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Looking:
    """The same, and the detector."""

    detector: Detector
    animeface: Path | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Cutting:
    """The same, and how each face becomes a square. `edge`: the longer one, in pixels, of the whole picture that is
    wanted, too; 0 for none.
    """

    preprocessing: Preprocessing
    detector: Detector
    animeface: Path | None
    edge: int = 0
    size: int = 0


class CutFaces(NamedTuple):
    """The `faces` of a picture from left to right, each with its place in the upright picture and its pixels uint8
    [S, S, 3]; `whole` uint8 [H, W, 3], None where it was not wanted, and how many times larger the picture is.
    """

    faces: tuple[tuple[FaceSearch, NDArray[np.uint8]], ...]
    whole: NDArray[np.uint8] | None
    times: float


def faces_in(found: Iterable[Found], animeface: Path | None) -> Generator[dict[Detector, int]]:
    """For every picture that can be read, how many faces each detector finds firmly in it."""
    with DecoderPool(decoder=COUNT, early=True) as pool:
        for result in pool.make(found, Counting(animeface)):
            if isinstance(result, Made):
                yield result.value


def commoner(counts: Iterable[dict[Detector, int]]) -> Detector | None:
    """The detector that finds faces in more of the pictures, None where neither finds any."""
    having = dict.fromkeys(DETECTORS, 0)
    for count in counts:
        for detector in DETECTORS:
            having[detector] += count[detector] > 0
    best = max(DETECTORS, key=lambda detector: having[detector])
    return best if having[best] else None


def main_faces(found: Iterable[Found], looking: Looking) -> Iterator[tuple[str, FaceSearch | None]]:
    """For every picture the digest of its file and the face that it is classified by, None where it cannot be read."""
    with DecoderPool(decoder=LOOK, early=True) as pool:
        for result in pool.make(found, looking):
            yield (result.sha256, result.value) if isinstance(result, Made) else ("", None)


def all_faces(found: Iterable[Found | Problem], cutting: Cutting) -> Iterator[tuple[Made, CutFaces] | Problem]:
    """Every face of every picture, with what else is known of its file."""
    with DecoderPool(decoder=CUT, early=True) as pool:
        for result in pool.make(found, cutting):
            yield (result, result.value) if isinstance(result, Made) else result


def count_faces(
    data: bytes, counting: Counting, large_turn: AbstractContextManager[object], _: PurePath
) -> dict[Detector, int]:
    """What `faces_in` says of one picture. A decoder process calls this."""
    from pigeonhole.faces.find import Finder
    from pigeonhole.images.whole import to_whole

    pixels = to_whole(data, EDGE, large_turn)
    finders = (Finder("drawn", counting.animeface), Finder("human"))
    return {finder.detector: sum(face.firm for face in finder.faces(pixels)) for finder in finders}


def look_for_face(data: bytes, looking: Looking, large_turn: AbstractContextManager[object], _: PurePath) -> FaceSearch:
    """What `main_faces` says of one picture. A decoder process calls this."""
    from pigeonhole.faces.find import Finder
    from pigeonhole.faces.main_face import main_face

    return main_face(data, Finder(looking.detector, looking.animeface), large_turn)


def cut_faces(data: bytes, cutting: Cutting, large_turn: AbstractContextManager[object], _: PurePath) -> CutFaces:
    """What `all_faces` says of one picture. A decoder process calls this."""
    from pigeonhole.faces.find import Finder
    from pigeonhole.faces.main_face import face_boxes
    from pigeonhole.images import to_square, upright_size
    from pigeonhole.images.whole import to_whole

    boxes = face_boxes(data, Finder(cutting.detector, cutting.animeface), large_turn)
    faces = tuple((FaceSearch(box), to_square(data, cutting.preprocessing, large_turn, box)) for box in boxes)
    if not cutting.edge:
        return CutFaces(faces, None, 1.0)
    whole = to_whole(data, cutting.edge, large_turn)
    return CutFaces(faces, whole, max(upright_size(data)) / max(whole.shape[:2]))
