"""Where the answers of `guess-dir` come from: the model here, the workers of a cluster, or a table."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pigeonhole import __version__
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import count_files, digest
from pigeonhole.model import InferenceOptions, Model, load_model, model_bytes, model_of
from pigeonhole.records import Failed, Found, Skipped
from pigeonhole.sorting import Answer
from pigeonhole.stream import guesses

Items = Iterable[Found | Skipped | Failed]
MOST = 512  # pictures of a chunk: those that are placed wait for its last one


class Answering(Protocol):
    """`note` is a sentence for the user, which may become another meanwhile; `device` what the answers come from."""

    @property
    def note(self) -> str: ...
    @property
    def device(self) -> str: ...
    def answers(self, found: Items, /) -> Iterable[Answer]: ...


class _ByModel:
    def __init__(self, model: Model, decoders: DecoderPool) -> None:
        self._model = model
        self._decoders = decoders

    @property
    def note(self) -> str:
        return self._model.note

    @property
    def device(self) -> str:
        return self._model.device

    def answers(self, found: Items) -> Iterable[Answer]:
        return guesses(found, self._model, self._decoders)


class _ByTable:
    device = "CPU"
    note = ""

    def __init__(self, text: str) -> None:
        from pigeonhole.answers.address import store_at
        from pigeonhole.answers.reuse import AnswerTable

        self.answers = AnswerTable(store_at(text)).answers


class _Nothing:
    """Where no file may be a picture, nobody is asked."""

    device = "CPU"
    note = ""

    def answers(self, found: Items) -> Iterable[Answer]:
        return (item for item in found if not isinstance(item, Found))


@contextmanager
def by_model(path: Path, options: InferenceOptions) -> Iterator[Answering]:
    with DecoderPool(early=True) as decoders:
        yield _ByModel(load_model(path, options), decoders)


@contextmanager
def by_table(text: str) -> Iterator[Answering]:
    yield _ByTable(text)


@contextmanager
def by_cluster(
    address: str, source: Path, path: Path, options: InferenceOptions, *, recursive: bool, include_hidden: bool
) -> Iterator[Answering]:
    """By the workers of the cluster at `address`, with the model file at `path`."""
    from pigeonhole.answers.folder import FolderSource
    from pigeonhole.answers.listed import Listed
    from pigeonhole.answers.table import About
    from pigeonhole.cluster.connection import check_address
    from pigeonhole.cluster.guesses import ClusterGuesses
    from pigeonhole.cluster.run import chunk_size
    from pigeonhole.cluster.start import ready

    check_address(address)
    data = model_bytes(path)
    labels = model_of(data, path, options).card.labels
    folder = FolderSource(source)
    listed = folder.find(recursive=recursive, include_hidden=include_hidden)
    first = next((item for item in listed if isinstance(item, Listed)), None)
    if first is None:
        yield _Nothing()
        return
    about = About(digest(data), labels, options.unknown, options.tta, folder.address, __version__)
    with ready(address, folder, first, data, about) as its:
        expected = count_files(source, recursive=recursive, include_hidden=include_hidden)
        yield ClusterGuesses(source, its.job, its.shape, chunk_size(expected, its.shape, MOST))
