"""Features of every training picture, each computed once and kept by the digest of its bytes."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.augmented_views import PLAIN, view_of
from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.dataset.near_duplicates import EDGE, thumbnail
from pigeonhole.errors import DataError, OutputError
from pigeonhole.images.views import canvas_of
from pigeonhole.model import open_session
from pigeonhole.model.batch_threads import OrderedThreads
from pigeonhole.model.session import batch_plan_of
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.output import Output
from pigeonhole.records import Failed, Skipped, Unreadable
from pigeonhole.stream import Decoded, decoded
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


class FeatureStore:
    """float32 vectors by SHA-256 and view, one SQLite file per backbone: what was computed survives an interruption."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(
            "CREATE TABLE IF NOT EXISTS looks "
            "(sha256 TEXT, view INTEGER, vector BLOB, PRIMARY KEY (sha256, view)) WITHOUT ROWID"
        )
        connection.execute("CREATE TABLE IF NOT EXISTS thumbnails (sha256 TEXT PRIMARY KEY, pixels BLOB) WITHOUT ROWID")

    @classmethod
    @contextmanager
    def open(cls, workspace: Workspace, backbone: Backbone) -> Iterator["FeatureStore"]:
        """The store in TF_FILES/cache. Raises OutputError where it is damaged or cannot be written."""
        path = workspace.cache / f"features-{backbone.digest[:16]}.sqlite"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {printable(path.parent)} cannot be made: {error.strerror}.") from None
        try:
            with closing(sqlite3.connect(path)) as connection:
                yield cls(connection)
        except sqlite3.Error as error:
            raise OutputError(
                f"The cache {printable(path)} cannot be used ({error}).", "Delete it and train again."
            ) from None

    def get(self, sha256: str, view: int) -> NDArray[np.float32] | None:
        row = self._connection.execute(
            "SELECT vector FROM looks WHERE sha256 = ? AND view = ?", (sha256, view)
        ).fetchone()
        return np.frombuffer(row[0], dtype="<f4") if row else None

    def has(self, sha256: str, view: int) -> bool:
        """Whether everything of this view is there; caches of earlier versions have no thumbnails."""
        thumbnails = "SELECT 1 FROM thumbnails WHERE sha256 = ?"
        return self.get(sha256, view) is not None and (
            view != PLAIN or self._connection.execute(thumbnails, (sha256,)).fetchone() is not None
        )

    def thumbnails(self, examples: Sequence[Example]) -> NDArray[np.uint8]:
        """Those [N, 32, 32] of `examples`, whose plain view was stored before."""
        query = "SELECT pixels FROM thumbnails WHERE sha256 = ?"
        rows = [self._connection.execute(query, (example.sha256,)).fetchone() for example in examples]
        return np.frombuffer(b"".join(row[0] for row in rows), dtype=np.uint8).reshape(-1, EDGE, EDGE)

    def put_thumbnails(self, rows: Iterable[tuple[str, NDArray[np.uint8]]]) -> None:
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", [(sha256, small.tobytes()) for sha256, small in rows]
            )

    def put(self, view: int, rows: Iterable[tuple[str, NDArray[np.float32]]]) -> None:
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO looks VALUES (?, ?, ?)",
                [(sha256, view, vector.astype("<f4").tobytes()) for sha256, vector in rows],
            )


def compute_features(
    dataset: Dataset, backbone: Backbone, store: FeatureStore, output: Output
) -> tuple[Dataset, NDArray[np.float32]]:
    """The readable part of `dataset` and the features of its examples, float32 [N, D], row by row in the same order."""
    problems = fill((*dataset.examples, *dataset.strangers), PLAIN, backbone, store, output)
    kept = dataset.without(problems) if problems else dataset
    return kept, vectors_of(kept.examples, PLAIN, store)


def fill(
    examples: Sequence[Example], view: int, backbone: Backbone, store: FeatureStore, output: Output
) -> list[Unreadable | Failed]:
    """Compute and store what is missing of a view of `examples`; the result is what cannot be read."""
    todo = {example.sha256: example for example in examples if not store.has(example.sha256, view)}
    problems = dict(_fill(todo, view, backbone, store, output)) if todo else {}
    return [
        type(problem)(example.found.path, problem.reason)
        for example in examples
        if (problem := problems.get(example.sha256))
    ]


def vectors_of(examples: Sequence[Example], view: int, store: FeatureStore) -> NDArray[np.float32]:
    """The stored features [N, D] of a view of `examples`. Raises DataError where one is missing."""
    vectors = []
    for example in examples:
        vector = store.get(example.sha256, view)
        if vector is None:
            raise DataError(
                f"{printable(example.found.path)} could be read before and cannot any more.", "Train again."
            )
        vectors.append(vector)
    return np.stack(vectors)


def _fill(
    todo: dict[str, Example], view: int, backbone: Backbone, store: FeatureStore, output: Output
) -> Iterator[tuple[str, Unreadable | Failed]]:
    session = open_session(backbone.onnx)
    plan, size = batch_plan_of(session), backbone.preprocessing.size
    sha256_of = {example.found.path: sha256 for sha256, example in todo.items()}
    preprocessing = backbone.preprocessing if view == PLAIN else canvas_of(backbone.preprocessing)
    batch: list[Decoded] = []

    def look(items: list[Decoded]) -> tuple[list[Decoded], NDArray[np.float32]]:
        pixels = np.stack([view_of(item.pixels, size, item.sha256, view) for item in items])
        return items, session.run([FEATURES], {INPUT: pixels})[0]

    def keep(looks: Iterable[tuple[list[Decoded], NDArray[np.float32]]]) -> None:
        for items, vectors in looks:
            if view == PLAIN:  # first: what has features has a thumbnail
                store.put_thumbnails((item.sha256, thumbnail(item.pixels)) for item in items)
            store.put(view, zip((item.sha256 for item in items), vectors, strict=True))

    with output.stage("Looking at pictures", len(todo)) as advance, OrderedThreads(look, plan.threads) as threads:
        for item in decoded((example.found for example in todo.values()), preprocessing):
            advance()
            match item:
                case Decoded() if item.sha256 != sha256_of[item.found.path]:
                    yield sha256_of[item.found.path], Failed(item.found.path, "it was changed while it was read")
                case Decoded():
                    batch.append(item)
                    if len(batch) == plan.batch:
                        keep(threads.submit(batch))
                        batch = []
                case Unreadable() | Failed():
                    yield sha256_of[item.path], item
                case Skipped():  # only files that were found are decoded
                    raise TypeError(item)
        if batch:
            keep(threads.submit(batch))
        keep(threads.drain())
