"""Features of every training picture, each computed once and kept by the digest of its bytes."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import OutputError
from pigeonhole.model import open_session
from pigeonhole.model.load import FEATURES, INPUT
from pigeonhole.naming import shown
from pigeonhole.output import Output
from pigeonhole.records import Failed, Skipped, Unreadable
from pigeonhole.stream import BATCH, Decoded, decoded
from pigeonhole.train.backbone import CACHE, Backbone
from pigeonhole.train.dataset import Dataset, Example


class FeatureStore:
    """float32 vectors by SHA-256, in one SQLite file per backbone: an interrupted training keeps what it computed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("CREATE TABLE IF NOT EXISTS features (sha256 TEXT PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    @classmethod
    @contextmanager
    def open(cls, tf_files: Path, backbone: Backbone) -> Iterator["FeatureStore"]:
        """The store in TF_FILES/cache. Raises OutputError where it is damaged or cannot be written."""
        path = tf_files / CACHE / f"features-{backbone.digest[:16]}.sqlite"
        try:
            with closing(sqlite3.connect(path)) as connection:
                yield cls(connection)
        except sqlite3.Error as error:
            raise OutputError(
                f"The cache {shown(path)} cannot be used ({error}).", "Delete it and train again."
            ) from None

    def get(self, sha256: str) -> NDArray[np.float32] | None:
        row = self._connection.execute("SELECT vector FROM features WHERE sha256 = ?", (sha256,)).fetchone()
        return np.frombuffer(row[0], dtype="<f4") if row else None

    def put(self, rows: Iterable[tuple[str, NDArray[np.float32]]]) -> None:
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO features VALUES (?, ?)",
                [(sha256, vector.astype("<f4").tobytes()) for sha256, vector in rows],
            )


def compute_features(
    dataset: Dataset, backbone: Backbone, store: FeatureStore, output: Output
) -> tuple[Dataset, NDArray[np.float32]]:
    """The readable part of `dataset` and its features, float32 [N, D], row by row in the same order."""
    todo = {example.sha256: example for example in dataset.examples if store.get(example.sha256) is None}
    problems = dict(_fill(todo, backbone, store, output))
    unreadable = [
        type(problem)(example.found.path, problem.reason)
        for example in dataset.examples
        if (problem := problems.get(example.sha256))
    ]
    kept = dataset.without(unreadable) if unreadable else dataset
    vectors = [store.get(example.sha256) for example in kept.examples]
    return kept, np.stack([vector for vector in vectors if vector is not None])


def _fill(
    todo: dict[str, Example], backbone: Backbone, store: FeatureStore, output: Output
) -> Iterator[tuple[str, Unreadable | Failed]]:
    """Compute and store what is missing; yields what cannot be read."""
    session = open_session(backbone.onnx)
    sha256_of = {example.found.path: sha256 for sha256, example in todo.items()}
    batch: list[Decoded] = []

    def flush() -> None:
        vectors = session.run([FEATURES], {INPUT: np.stack([item.pixels for item in batch])})[0]
        store.put(zip((item.sha256 for item in batch), vectors, strict=True))
        batch.clear()

    with output.stage("Looking at pictures", len(todo)) as advance:
        for item in decoded((example.found for example in todo.values()), backbone.preprocessing):
            advance()
            match item:
                case Decoded() if item.sha256 != sha256_of[item.found.path]:
                    yield sha256_of[item.found.path], Failed(item.found.path, "it was changed while it was read")
                case Decoded():
                    batch.append(item)
                    if len(batch) == BATCH:
                        flush()
                case Unreadable() | Failed():
                    yield sha256_of[item.path], item
                case Skipped():  # only files that were found are decoded
                    raise TypeError(item)
        if batch:
            flush()
