"""Where the faces of the training pictures are: each is looked for once, and kept by the digest of its picture."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.decoding.faces import Looking, main_faces
from pigeonhole.errors import PigeonholeError, not_written
from pigeonhole.faces.animeface_environment import animeface_python
from pigeonhole.images.preprocessing import Detector
from pigeonhole.output import Output
from pigeonhole.records import FaceSearch
from pigeonhole.sqlite_errors import cache_trouble
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

VERSION = 1  # raise it when faces are found or cut in another way


def with_faces(dataset: Dataset, detector: Detector, workspace: Workspace, output: Output) -> Dataset:
    """`dataset`, whose pictures are told where their faces are, as far as they can be read."""
    looking = Looking(detector, animeface_or_warning(output) if detector == "drawn" else None)
    everything = (*dataset.examples, *dataset.ood)
    with _store(workspace, looking) as store:
        _look(everything, looking, store, output)
        known = dict(store.execute("SELECT sha256, box FROM faces"))
    told = [_told(example, known.get(example.sha256)) for example in everything]
    count = len(dataset.examples)
    return Dataset(tuple(told[:count]), dataset.left_out, tuple(told[count:]))


def animeface_or_warning(output: Output) -> Path | None:
    """What runs animeface, which is made if need be. None, and the reason is told to `output`, where it cannot be."""
    try:
        return animeface_python(output.note)
    except PigeonholeError as error:
        output.warn(f"{error} OpenCV's cascade looks for drawn faces alone, and misses more of them.")
        return None


def _look(examples: Sequence[Example], looking: Looking, store: sqlite3.Connection, output: Output) -> None:
    known = {sha256 for (sha256,) in store.execute("SELECT sha256 FROM faces")}
    missing = [example.found for example in examples if example.sha256 not in known]
    if not missing:
        return
    with output.stage("Looking for faces", len(missing)) as advance:
        for sha256, face in main_faces(missing, looking):
            advance()
            if face is not None:  # whoever reads the others next says what is wrong with them
                with store:
                    store.execute("INSERT OR REPLACE INTO faces VALUES (?, ?)", (sha256, json.dumps(face.box)))


def _told(example: Example, box: str | None) -> Example:
    if box is None:
        return example
    corners = json.loads(box)
    return replace(example, found=replace(example.found, face=FaceSearch(tuple(corners) if corners else None)))


@contextmanager
def _store(workspace: Workspace, looking: Looking) -> Iterator[sqlite3.Connection]:
    how = f"{looking.detector}{'-animeface' if looking.animeface else ''}-{VERSION}"
    path = workspace.cache / f"faces-{how}.sqlite"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS faces (sha256 TEXT PRIMARY KEY, box TEXT) WITHOUT ROWID")
            yield connection
    except OSError as error:
        raise not_written(f"The folder {printable(path.parent)}", error, "made") from None
    except sqlite3.Error as error:
        raise cache_trouble(path, error) from None
