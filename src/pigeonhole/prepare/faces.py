"""The faces of whole pictures, each cut out as a picture of its own."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from PIL import Image

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import PigeonholeError
from pigeonhole.faces.animeface_environment import animeface_python
from pigeonhole.faces.find import Detector, Finder
from pigeonhole.files import find, read
from pigeonhole.images.whole import to_whole
from pigeonhole.output import Output
from pigeonhole.own_names import NO_FACE
from pigeonhole.prepare.encode import encoded, suffix_for
from pigeonhole.prepare.folder import PreparedFolder, Product
from pigeonhole.prepare.ledger import Job
from pigeonhole.prepare.tree import Counts, Tree, item_of
from pigeonhole.records import Found
from pigeonhole.sorting.template import Name
from pigeonhole.text import shortened

CUT = "pigeonhole.prepare.faces:cut_faces"
COUNT = "pigeonhole.prepare.faces:count_faces"
SAMPLE = 24  # pictures by which `auto` chooses


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """`margin`: so much of a face's side is kept around it. `edge` of the pictures of faces in pixels, None: as large
    as they are. `least`: the side in pixels of the smallest face that counts.
    """

    detector: Detector | Literal["auto"] = "auto"
    margin: float = 0.2
    edge: int | None = None
    least: int = 32


@dataclass(frozen=True, slots=True)
class Cutting:
    """For the decoder processes: how faces are found and cut, and that they make no squares."""

    finder: Finder
    options: FaceOptions
    size: int = 0


@dataclass(slots=True)
class FaceCounts:
    """What became of the files of a tree, and of those that were `done` now: the `faces`, and pictures without one."""

    files: Counts
    faces: int = 0
    without: int = 0


def extract_faces(source: Path, folder: PreparedFolder, options: FaceOptions, output: Output) -> FaceCounts:
    """Put every face of every picture below `source` into `folder` as `<stem>-1.<ext>`, `<stem>-2.<ext>`, ….

    Pictures without a face are copied to `no-face`. Which detectors work is told to `output`. Raises as Tree.prepare.
    """
    job = folder.ledger.job(f"faces {options}", "{}")
    finder = _finder(source, folder, job, options, output)
    counts = FaceCounts(Counts())

    def product_of(made: Made) -> Product:
        faces: tuple[bytes, ...] = made.value
        counts.faces += len(faces)
        counts.without += not faces
        relative = made.found.relative
        suffix = suffix_for(relative)
        files = [
            (Name.of(relative.parent, shortened(relative.stem, f"-{number}{suffix}")), data)
            for number, data in enumerate(faces, 1)
        ]
        if not faces:
            files = [(Name.of(PurePath(NO_FACE) / relative.parent, relative.name), read(made.found.path)[0])]
        return Product(item_of(relative, made.sha256), tuple(files))

    with DecoderPool(decoder=CUT, early=True) as pool:
        tree = Tree(source, pool, Cutting(finder, options), "Looking for faces", output)
        counts.files = tree.prepare(folder, job, product_of)
    return counts


def cut_faces(
    data: bytes, cutting: Cutting, large_turn: AbstractContextManager[object], relative: PurePath
) -> tuple[bytes, ...]:
    """The faces of a picture from left to right, each as a file. A decoder process calls this."""
    pixels = to_whole(data, None, large_turn)
    sha256, suffix = hashlib.sha256(data).hexdigest(), suffix_for(relative)
    options, cut = cutting.options, []
    for face in cutting.finder.faces(pixels):
        if face.side < options.least:
            continue
        left, top, right, bottom = face.widened(options.margin, pixels.shape[1], pixels.shape[0])
        part = pixels[top:bottom, left:right]
        if options.edge:
            square = options.edge, options.edge
            part = np.asarray(Image.fromarray(part).resize(square, Image.Resampling.LANCZOS))
        cut.append(encoded(part, suffix, data, sha256))
    return tuple(cut)


def count_faces(
    data: bytes, cutting: Cutting, large_turn: AbstractContextManager[object], _: PurePath
) -> dict[Detector, int]:
    """How many faces each detector finds firmly. A decoder process calls this."""
    pixels = to_whole(data, 1024, large_turn)
    finders: tuple[Detector, ...] = ("drawn", "human")
    return {
        detector: sum(face.firm for face in replace(cutting.finder, detector=detector).faces(pixels))
        for detector in finders
    }


def _finder(source: Path, folder: PreparedFolder, job: Job, options: FaceOptions, output: Output) -> Finder:
    """What finds the faces here; which detector that is does not change when a run goes on."""
    python = _animeface(output) if options.detector != "human" else None
    detector = options.detector
    if detector == "auto":
        state = json.loads(job.detail)
        if "detector" not in state:
            state["detector"] = _chosen(source, Finder("drawn", python), options)
            folder.ledger.describe(job, json.dumps(state))
        detector = "human" if state["detector"] == "human" else "drawn"
        output.note(
            f"Looking for {'faces of people' if detector == 'human' else 'drawn faces'} (--detector {detector})."
        )
    return Finder(detector, python if detector == "drawn" else None)


def _animeface(output: Output) -> Path | None:
    try:
        return animeface_python(output.note)
    except PigeonholeError as error:
        output.warn(f"{error} OpenCV's cascade looks for drawn faces alone, and misses more of them.")
        return None


def _chosen(source: Path, finder: Finder, options: FaceOptions) -> Detector:
    """The detector that finds faces in more of some pictures."""
    found: Counter[Detector] = Counter()
    with DecoderPool(decoder=COUNT, early=True) as pool:
        for result in pool.make(_sample(source), Cutting(finder, options)):
            if isinstance(result, Made):
                found.update({detector: count > 0 for detector, count in result.value.items()})
    return "human" if found["human"] > found["drawn"] else "drawn"


def _sample(source: Path) -> Iterator[Found]:
    yield from islice((item for item in find(source) if isinstance(item, Found)), SAMPLE)
