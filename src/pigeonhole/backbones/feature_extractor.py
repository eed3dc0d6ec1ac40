"""Features for a training, which asks for those of the same pictures again and again, seen in other ways."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import Backbone, sample
from pigeonhole.backbones.looking import fill, vectors_of
from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import digest
from pigeonhole.model import open_session
from pigeonhole.output import Output
from pigeonhole.records import Failed, Unreadable
from pigeonhole.stream import Decoded
from pigeonhole.workspace import Workspace

if TYPE_CHECKING:
    import onnxruntime


class FeatureExtractor:
    """Features of any pictures by any backbone, computed where they are not in the cache of `workspace`.

    Decoder processes, sessions and stores are kept from one question to the next: starting them took as long as
    looking at a hundred pictures.
    """

    def __init__(self, workspace: Workspace, output: Output, kept: ExitStack) -> None:
        self.workspace = workspace
        self._output = output
        self._kept = kept
        self._decoders = kept.enter_context(DecoderPool())
        self._stores: dict[str, FeatureStore] = {}
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    @classmethod
    @contextmanager
    def open(cls, workspace: Workspace, output: Output) -> Iterator["FeatureExtractor"]:
        """Raises OutputError, also later, where the cache cannot be written."""
        with ExitStack() as kept:
            yield cls(workspace, output, kept)

    def readable(self, dataset: Dataset, backbone: Backbone) -> tuple[Dataset, NDArray[np.float32]]:
        """The readable part of `dataset` and the features of its examples, [N, D], row by row in the same order."""
        problems = self._fill((*dataset.examples, *dataset.ood), (PLAIN,), backbone)
        kept = dataset.without(problems) if problems else dataset
        return kept, self._vectors(kept.examples, PLAIN, backbone)

    def views(self, examples: Sequence[Example], backbone: Backbone, count: int = 1) -> NDArray[np.float32]:
        """The features [V, N, D] of `count` views of every picture, the plain one first."""
        self._fill(examples, (PLAIN,), backbone)
        plain = self._vectors(examples, PLAIN, backbone)[None]
        if count == 1:  # no copy of what may be large
            return plain
        others = range(PLAIN + 1, PLAIN + count)
        self._fill(examples, others, backbone)
        return np.concatenate([plain, *(self._vectors(examples, view, backbone)[None] for view in others)])

    def thumbnails(self, examples: Sequence[Example], backbone: Backbone) -> NDArray[np.uint8]:
        """Those [N, 32, 32] of `examples`, whose features were asked for before."""
        return self._store(backbone).thumbnails(examples)

    def sample(self, dataset: Dataset, backbone: Backbone) -> tuple[Decoded, ...]:
        """Some readable pictures from all over `dataset`, as `backbone` sees them."""
        return tuple(sample(dataset, backbone.preprocessing, self._decoders))

    def _fill(self, examples: Sequence[Example], views: Sequence[int], backbone: Backbone) -> list[Unreadable | Failed]:
        store = self._store(backbone)
        return fill(examples, views, backbone, store, self._output, session=self._session, decoders=self._decoders)

    def _vectors(self, examples: Sequence[Example], view: int, backbone: Backbone) -> NDArray[np.float32]:
        with self._output.stage("Reading the cache", len(examples)) as advance:
            return vectors_of(examples, view, self._store(backbone), advance)

    def _store(self, backbone: Backbone) -> FeatureStore:
        key = backbone.digest
        if key not in self._stores:
            self._stores[key] = self._kept.enter_context(FeatureStore.open(self.workspace, backbone))
        return self._stores[key]

    def _session(self, onnx: bytes) -> "onnxruntime.InferenceSession":
        key = digest(onnx)
        if key not in self._sessions:
            self._sessions[key] = open_session(onnx)
        return self._sessions[key]
