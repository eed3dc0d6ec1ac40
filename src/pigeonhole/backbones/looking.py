"""What is missing in the cache of features, computed; and what stands in it, as arrays."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.augmented_views import PLAIN, view_of
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.near_duplicates import thumbnail
from pigeonhole.decoding.item import Decoders
from pigeonhole.errors import DataError
from pigeonhole.images.views import canvas_of
from pigeonhole.model import open_session
from pigeonhole.model.batch_threads import OrderedThreads
from pigeonhole.model.session import batch_plan_of
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.output import Output, Stage
from pigeonhole.records import Failed, Skipped, Unreadable
from pigeonhole.stream import Decoded, decoded
from pigeonhole.text import printable, quantity

if TYPE_CHECKING:
    import onnxruntime


def fill(
    examples: Sequence[Example],
    views: Sequence[int],
    backbone: Backbone,
    store: FeatureStore,
    output: Output,
    *,
    session: Callable[[bytes], "onnxruntime.InferenceSession"] = open_session,
    decoders: Decoders | None = None,
) -> list[Unreadable | Failed]:
    """Compute and store what is missing of `views` of `examples`; the result is what cannot be read.

    `views` are the PLAIN one or others, for which each picture is decoded once. `session` opens a network, `decoders`
    as for `stream.decoded`.
    """
    todo = {}
    with output.stage("Asking the cache", len(examples)) as advance:
        for example in examples:
            if not all(store.has(example.sha256, view) for view in views):
                todo[example.sha256] = example
            advance()
    if store.damaged:
        entries = quantity(store.damaged, "entry", "entries")
        output.note(f"The cache {printable(store.path)} is damaged: {entries} in it are computed anew.")
        store.damaged = 0
    if not todo:
        return []
    looking = _Looking(views, backbone, session(backbone.onnx))
    problems = dict(_fill(todo, looking, store, output, decoders))
    return [
        type(problem)(example.found.path, problem.reason)
        for example in examples
        if (problem := problems.get(example.sha256))
    ]


def vectors_of(
    examples: Sequence[Example], view: int, store: FeatureStore, advance: Stage = lambda: None
) -> NDArray[np.float32]:
    """The stored features [N, D] of a view of `examples`; `advance` is called for each.

    Raises DataError where one is missing.
    """
    first = store.get(examples[0].sha256, view) if examples else None
    vectors = np.empty((len(examples), 0 if first is None else len(first)), dtype=np.float32)
    for row, example in enumerate(examples):
        vector = store.get(example.sha256, view)
        if vector is None:
            raise DataError(
                f"{printable(example.found.path)} could be read before and cannot any more.", "Train again."
            )
        vectors[row] = vector
        advance()
    if not np.isfinite(vectors).all():
        raise DataError(
            "Some features are no numbers, because the cache or the weights are damaged.",
            "Delete TF_FILES/cache and train again.",
        )
    return vectors


class _Seen(NamedTuple):
    """The features [N, D] of each of some views of the pictures `sha256s` [N], and their `thumbnails`, if any."""

    sha256s: list[str]
    vectors: list[NDArray[np.float32]]
    thumbnails: list[NDArray[np.uint8]]


class _Looking:
    """A network that looks at some `views` of pictures that were decoded with `preprocessing`."""

    def __init__(self, views: Sequence[int], backbone: Backbone, session: "onnxruntime.InferenceSession") -> None:
        self.views = views
        self.preprocessing = backbone.preprocessing if PLAIN in views else canvas_of(backbone.preprocessing)
        self.plan = batch_plan_of(session)
        self._size = backbone.preprocessing.size
        self._session = session

    def at(self, items: list[Decoded]) -> _Seen:
        vectors = []
        for view in self.views:
            pixels = np.stack([view_of(item.pixels, self._size, item.sha256, view) for item in items])
            vectors.append(self._session.run([FEATURES], {INPUT: pixels})[0])
        thumbnails = [thumbnail(item.pixels) for item in items] if PLAIN in self.views else []
        return _Seen([item.sha256 for item in items], vectors, thumbnails)


def _fill(
    todo: dict[str, Example], looking: _Looking, store: FeatureStore, output: Output, decoders: Decoders | None
) -> Iterator[tuple[str, Unreadable | Failed]]:
    sha256_of = {example.found.path: sha256 for sha256, example in todo.items()}
    plan = looking.plan
    batch: list[Decoded] = []

    def keep(seen: Iterable[_Seen]) -> None:
        for each in seen:
            for view, vectors in zip(looking.views, each.vectors, strict=True):
                store.put(view, each.sha256s, vectors, each.thumbnails)

    stage, model = output.stage("Looking at pictures", len(todo)), OrderedThreads(looking.at, plan.threads)
    with stage as advance, model as threads:
        for item in decoded((example.found for example in todo.values()), looking.preprocessing, decoders):
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
        store.flush()
