"""The faces of whole pictures, each cut out as a picture of its own."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from PIL import Image

from pigeonhole.dataset.faces import animeface_or_warning
from pigeonhole.decoding.faces import SAMPLE, commoner, faces_in
from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UsageError
from pigeonhole.faces.find import Finder
from pigeonhole.files import find, read
from pigeonhole.images.preprocessing import Detector
from pigeonhole.images.whole import to_whole
from pigeonhole.output import Output
from pigeonhole.own_names import NO_FACE
from pigeonhole.prepare.encode import encoded, suffix_for
from pigeonhole.prepare.folder import PreparedFolder, Product
from pigeonhole.prepare.ledger import Job
from pigeonhole.prepare.tree import Counts, Tree, item_of
from pigeonhole.records import Found
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable, shortened

CUT = "pigeonhole.prepare.faces:cut_faces"
JOBS = "faces "  # begins the key of every job of this command


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

    Pictures without a face are copied to `no-face`. Which detectors work is told to `output`. Raises as Tree.prepare,
    and UsageError where `folder` has faces of one of the pictures that were cut out with other options.
    """
    job = folder.ledger.job(f"{JOBS}{options}", "{}")
    finder = _finder(source, folder, job, options, output)
    counts = FaceCounts(Counts())

    def product_of(made: Made) -> Product:
        relative, faces = made.found.relative, made.value
        item = item_of(relative, made.sha256)
        _refuse_other_options(folder, job, item, made.found)
        counts.faces += len(faces)
        counts.without += not faces
        suffix = suffix_for(relative)
        files = [
            (Name.of(relative.parent, shortened(relative.stem, f"-{number}{suffix}")), data)
            for number, data in enumerate(faces, 1)
        ]
        if not faces:
            files = [(Name.of(PurePath(NO_FACE) / relative.parent, relative.name), read(made.found.path)[0])]
        return Product(item, tuple(files))

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


def _refuse_other_options(folder: PreparedFolder, job: Job, item: bytes, found: Found) -> None:
    """A training set has each face once: cut otherwise, it would stand there a second time."""
    if folder.ledger.is_done_elsewhere(job, JOBS, item):
        raise UsageError(
            f"{printable(folder.out)} has faces of {printable(found.path)} that were cut out with other options.",
            "Use the same options, or choose another folder.",
        )


def _finder(source: Path, folder: PreparedFolder, job: Job, options: FaceOptions, output: Output) -> Finder:
    """What finds the faces here; which detector that is does not change when a run over `source` goes on."""
    python = animeface_or_warning(output) if options.detector != "human" else None
    detector = options.detector
    if detector == "auto":
        state: dict[str, dict[str, str]] = {"detectors": {}, **json.loads(job.detail)}
        chosen, place = state["detectors"], printable(source.absolute())
        if place not in chosen:
            chosen[place] = commoner(faces_in(_sample(source), python)) or "drawn"
            folder.ledger.describe(job, json.dumps(state))
        detector = "human" if chosen[place] == "human" else "drawn"
        output.note(
            f"Looking for {'faces of people' if detector == 'human' else 'drawn faces'} (--detector {detector})."
        )
    return Finder(detector, python if detector == "drawn" else None)


def _sample(source: Path) -> Iterator[Found]:
    yield from islice((item for item in find(source) if isinstance(item, Found)), SAMPLE)
