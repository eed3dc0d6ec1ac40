"""Features are computed once, whatever comes in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pictures import drawing, saved
from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.looking import fill, vectors_of
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.dataset.folders import Dataset, read_dataset
from pigeonhole.output import Recorder
from pigeonhole.output.protocol import Stage
from pigeonhole.workspace import Workspace

COUNT = 40
LOOKING = "Looking at pictures"


class Interrupted(Recorder):
    """Someone presses Ctrl-C when a picture is asked for that is not among the first so many."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    @contextmanager
    def stage(self, title: str, total: int | None) -> Iterator[Stage]:
        with super().stage(title, total) as advance:

            def counted() -> None:
                advance()
                if title == LOOKING and self.stages[title] > self.after:
                    raise KeyboardInterrupt

            yield counted


@pytest.fixture
def learning(tmp_path: Path) -> tuple[Workspace, Dataset, Backbone]:
    for number in range(COUNT):
        path = tmp_path / "data" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(drawing(100 + number, 90), "PNG"))
    workspace = Workspace(tmp_path)
    dataset = read_dataset(workspace)
    backbone = load_backbone(workspace, obtain_weights(workspace, "builtin", None), None, dataset, Recorder())
    return workspace, dataset, backbone


def test_what_was_computed_before_ctrl_c_is_not_computed_again(learning: tuple[Workspace, Dataset, Backbone]) -> None:
    workspace, dataset, backbone = learning
    with pytest.raises(KeyboardInterrupt), FeatureStore.open(workspace, backbone) as store:
        fill(dataset.examples, (PLAIN,), backbone, store, Interrupted(after=36))
    output = Recorder()
    with FeatureStore.open(workspace, backbone) as store:
        kept = sum(store.has(example.sha256, PLAIN) for example in dataset.examples)
        assert fill(dataset.examples, (PLAIN,), backbone, store, output) == []
        vectors = vectors_of(dataset.examples, PLAIN, store)
    assert kept >= COUNT // 4
    assert output.stages == {"Asking the cache": COUNT, LOOKING: COUNT - kept}
    assert np.isfinite(vectors).all()
    assert len({vector.tobytes() for vector in vectors}) == COUNT


def test_two_programs_may_keep_features_in_one_cache(learning: tuple[Workspace, Dataset, Backbone]) -> None:
    workspace, _, backbone = learning
    names, ones = ["0" * 64, "1" * 64], np.ones((1, 3), np.float32)
    with FeatureStore.open(workspace, backbone) as one, FeatureStore.open(workspace, backbone) as other:
        one.put(1, names[:1], ones)
        other.put(1, names[1:], 2 * ones)
        one.flush()
        other.flush()
        assert [one.has(name, 1) for name in names] == [True, True]
        assert other.get(names[0], 1) is not None
