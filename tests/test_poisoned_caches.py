"""TF_FILES from a stranger, or from a disk that failed: caches are made anew, weights are named, lists stay inside."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from commands import called
from lying_models import endless
from models import colour_model
from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.looking import fill, vectors_of
from pigeonhole.backbones.state_dict import read_state_dict
from pigeonhole.backbones.weights import Weights
from pigeonhole.dataset.folders import Dataset, read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.errors import DataError, WeightsError
from pigeonhole.finetuning.checkpoint import load_checkpoint
from pigeonhole.model import trial
from pigeonhole.output import Recorder
from pigeonhole.text import quantity
from pigeonhole.workspace import Workspace
from tiny import TINY, write_tiny_weights
from trees import tree, write_pictures


class Learning:
    """Six pictures, the network tiny, and where its features and its ONNX file are kept."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder)
        self.dataset: Dataset = read_dataset(self.workspace)
        self.weights = Weights(folder / "weights" / f"{TINY}.pth", TINY, "here")
        self.backbone = self.load(Recorder())

    def load(self, output: Recorder) -> Backbone:
        return load_backbone(self.workspace, self.weights, None, self.dataset, output)

    def features(self, output: Recorder | None = None) -> np.ndarray:
        with FeatureStore.open(self.workspace, self.backbone) as store:
            fill(self.dataset.examples, (PLAIN,), self.backbone, store, output or Recorder())
            assert store.thumbnails(self.dataset.examples).shape == (6, 32, 32)
            return vectors_of(self.dataset.examples, PLAIN, store)

    def thumbnails(self) -> np.ndarray:
        with FeatureStore.open(self.workspace, self.backbone) as store:
            return store.thumbnails(self.dataset.examples)

    def kept(self, pattern: str) -> Path:
        (path,) = self.workspace.cache.glob(pattern)
        return path


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES with everything in its cache."""
    folder = tmp_path_factory.mktemp("computed")
    for number in range(6):
        write_pictures(folder / "data" / "ab"[number % 2], {f"{number}.png": (40 * number, 9 * number, 200)})
    write_tiny_weights(folder / "weights" / f"{TINY}.pth")
    Learning(folder).features()
    return folder


@pytest.fixture
def learning(computed: Path, tmp_path: Path) -> Learning:
    return Learning(shutil.copytree(computed, tmp_path / "tf"))


def statement(text: str, *values: object) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(text, values)

    return edit


def writing(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


POISONS: dict[str, Callable[[Path], None]] = {
    "no database": writing(b"poison" * 1000),
    "empty": writing(b""),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "a pipe": pipe,
    "an odd vector": statement(
        "UPDATE looks SET vector = x'0000000000' WHERE sha256 = (SELECT max(sha256) FROM looks)"
    ),
    "a text": statement("UPDATE looks SET vector = 'poison' WHERE sha256 = (SELECT max(sha256) FROM looks)"),
    "a shorter thumbnail": statement("UPDATE thumbnails SET pixels = x'00'"),
    "another table": statement("DROP TABLE looks"),
    "a view": statement("CREATE VIEW poison AS SELECT 1"),
}


@pytest.mark.parametrize("poison", POISONS)
def test_a_poisoned_cache_of_features_is_made_anew(learning: Learning, poison: str) -> None:
    expected = learning.features()
    POISONS[poison](learning.kept("features-*.sqlite"))
    assert learning.features() == pytest.approx(expected)
    assert learning.kept("features-*.sqlite").is_file()


PLAUSIBLE: dict[str, tuple[str, int]] = {
    "each other's features": (
        "UPDATE looks SET vector = (SELECT vector FROM looks ORDER BY sha256 LIMIT 1)",
        5,  # the first has its own
    ),
    "zeros": ("UPDATE looks SET vector = zeroblob(length(vector))", 6),
    "each other's digests, too": (
        "UPDATE looks SET (vector, digest) = (SELECT vector, digest FROM looks ORDER BY sha256 LIMIT 1)",
        5,
    ),
    "another thumbnail": ("UPDATE thumbnails SET pixels = zeroblob(1024) WHERE rowid = 1", 1),
}


@pytest.mark.parametrize("kind", PLAUSIBLE)
def test_features_of_the_right_form_that_nobody_computed_are_not_learnt_from(learning: Learning, kind: str) -> None:
    expected, whole = learning.features(), learning.thumbnails()
    text, count = PLAUSIBLE[kind]
    path = learning.kept("features-*.sqlite")
    statement(text.replace("WHERE rowid = 1", "WHERE sha256 = (SELECT min(sha256) FROM thumbnails)"))(path)
    output = Recorder()
    assert learning.features(output) == pytest.approx(expected)
    assert (learning.thumbnails() == whole).all()
    assert [note for note in output.notes if str(path) in note] == [
        f"The cache {path} is damaged: {quantity(count, 'entry', 'entries')} in it are computed anew."
    ]


def test_features_that_are_no_numbers_are_not_learnt_from(learning: Learning) -> None:
    """Of a network whose weights are none."""
    names, length = [example.sha256 for example in learning.dataset.examples], learning.features().shape[1]
    with FeatureStore.open(learning.workspace, learning.backbone) as store:
        store.put(PLAIN, names, np.full((6, length), np.nan, np.float32))
    with pytest.raises(DataError, match="Some features are no numbers"):
        learning.features()


def test_the_cache_of_an_earlier_version_is_brought_up_to_date(learning: Learning) -> None:
    """It had no digests."""
    expected, path, output = learning.features(), learning.kept("features-*.sqlite"), Recorder()
    for table in ("looks", "thumbnails"):
        statement(f"ALTER TABLE {table} DROP COLUMN digest")(path)
    assert learning.features(output) == pytest.approx(expected)
    assert not output.notes
    assert output.stages["Looking at pictures"] == 6


def retouched(whole: bytes) -> bytes:
    """The same network with one weight of another sign: it opens, answers, and is wrong."""
    model = onnx.load_model_from_string(whole)
    weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = np.frombuffer(weights.raw_data, "<f4").copy()
    values[np.abs(values).argmax()] *= -1
    weights.raw_data = values.tobytes()
    return bytes(model.SerializeToString())


NETWORKS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "poison": lambda whole: b"poison",
    "half": lambda whole: whole[: len(whole) // 2],
    "another": lambda whole: colour_model(),
    "retouched": retouched,
}


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("digest", ["kept", "gone"])
def test_a_poisoned_cached_network_is_exported_anew(learning: Learning, kind: str, digest: str) -> None:
    path = learning.kept("backbone-*.onnx")
    whole = path.read_bytes()
    path.write_bytes(NETWORKS[kind](whole))
    if digest == "gone":
        path.with_name(f"{path.name}.sha256").unlink()
    output = Recorder()
    assert learning.load(output).onnx == path.read_bytes() != NETWORKS[kind](whole)
    assert any(f"{path} is damaged and is made anew" in note for note in output.notes)
    assert path.read_bytes() == learning.load(Recorder()).onnx


def test_a_network_that_never_ends_is_not_run_even_with_its_digest(
    learning: Learning, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = learning.kept("backbone-*.onnx")
    path.write_bytes(endless())
    path.with_name(f"{path.name}.sha256").write_text(hashlib.sha256(endless()).hexdigest())
    monkeypatch.setitem(trial.SECONDS, "features", 2)
    output = Recorder()
    assert learning.load(output).onnx == path.read_bytes() != endless()
    assert any("is damaged and is made anew" in note for note in output.notes)


WRONG_WEIGHTS: dict[str, Callable[[], object]] = {
    "a list": lambda: [1, 2],
    "names that are none": lambda: {1: torch.zeros(1)},
    "values that are none": lambda: {"features.0.weight": "poison"},
    "nothing": dict,
}


@pytest.mark.parametrize("kind", WRONG_WEIGHTS)
def test_a_weights_file_that_holds_something_else_is_named(tmp_path: Path, kind: str) -> None:
    torch.save(WRONG_WEIGHTS[kind](), tmp_path / "resnet18.pth")
    with pytest.raises(WeightsError, match=r"resnet18\.pth"):
        read_state_dict(tmp_path / "resnet18.pth")


def test_a_weights_file_damaged_anywhere_is_named_or_read(tmp_path: Path) -> None:
    whole = write_tiny_weights(tmp_path / "tiny.pth").read_bytes()
    chance = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in chance.integers(0, len(whole), 20):
            damaged[place] = chance.integers(0, 256)
        (tmp_path / "tiny.pth").write_bytes(damaged)
        try:
            read_state_dict(tmp_path / "tiny.pth")
        except WeightsError as error:
            assert "tiny.pth" in str(error)  # noqa: PT017 - either is right
        load_checkpoint(tmp_path / "tiny.pth", lambda _: True, Recorder())  # raises nothing


@pytest.fixture
def sorted_out(tmp_path: Path) -> Path:
    """A TF_FILES with pictures, a model file, and a category that is a link to a folder of the user's own."""
    tf_files = tmp_path / "tf"
    write_pictures(tf_files / "data", {"a/1.png": (1, 1, 1), "b/2.png": (2, 2, 2)})
    write_pictures(tmp_path / "mine", {"own.png": (3, 3, 3)})
    (tf_files / "data" / "linked").symlink_to(tmp_path / "mine")
    (tf_files / "data" / "b" / "link.png").symlink_to(tmp_path / "mine" / "own.png")
    (tf_files / "model.onnx").write_bytes(b"a model")
    (tf_files / "weights").mkdir()
    return tf_files


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("data/linked/own.png,data/a/own.png", "is behind a link that leads out of"),
        ("data/a/1.png,data/linked/1.png", "is behind a link that leads out of"),
        ("data/a/1.png,data/linked/new/1.png", "is behind a link that leads out of"),
        ("model.onnx,data/a/model.png", "is not in data/, valid/, test/"),
        ("weights,data/a/weights", "is not in data/, valid/, test/"),
        ("data/a/1.png,weights/resnet18.pth", "is no place for a picture"),
        ("data/a/1.png,model.onnx", "is no place for a picture"),
        ("data/a/1.png,cache/x", "is no place for a picture"),
        ("data/b/link.png,data/a/link.png", "there is no file"),
        ("data/a,data/c", "there is no file"),
        ("data/a/1.png,.", "is not below"),
        ("data/a/1\0.png,data/b/1.png", "is not below"),
        ("data/a/../../model.onnx,data/a/1.png", "is not below"),
    ],
)
def test_a_list_of_moves_stays_among_the_pictures(sorted_out: Path, line: str, said: str) -> None:
    (sorted_out / "moves.csv").write_text(f"from,to\n{line}\n")
    before = tree(sorted_out.parent)
    result = called("check", sorted_out, "--apply", sorted_out / "moves.csv")
    assert result.returncode in (2, 3)
    assert said in result.stderr or "NUL" in result.stderr or "line contains" in result.stderr
    assert tree(sorted_out.parent) == before


@pytest.mark.parametrize("kind", ["pipe", "endless", "huge", "folder"])
def test_a_list_that_has_no_end_is_refused(sorted_out: Path, kind: str) -> None:
    path = sorted_out / "moves.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 2**40)
    result = called("check", sorted_out, "--apply", path)
    assert result.returncode == 3
    assert "moves.csv cannot be read: " in result.stderr


def test_a_list_of_groups_that_has_no_end_is_refused(learning: Learning) -> None:
    os.mkfifo(learning.workspace.groups)
    with pytest.raises(DataError, match=r"groups\.csv cannot be read: it is not a file"):
        find_groups(learning.dataset, np.zeros((6, 32, 32), np.uint8), None, learning.workspace)
