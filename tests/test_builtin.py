"""The backbone that comes with pigeonhole: what it is, when it is taken, and that it needs no network and no torch."""

import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import make_builtin
from commands import called, imported_by, pigeonhole
from pigeonhole.backbones import builtin, obtain, weights
from pigeonhole.backbones.builtin_network import TOP
from pigeonhole.backbones.colour_histogram import COLOURS, WEIGHT
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.backbones.registry import backbone_network, normalisation_of
from pigeonhole.backbones.weights import AUTO, BUILTIN, BUILTIN_FILE
from pigeonhole.errors import UsageError
from pigeonhole.images import to_square
from pigeonhole.model import load_model, open_session
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.onnx_graph.pooled_maps import maps_behind
from pigeonhole.workspace import Workspace
from scenes import drawn, scene
from tiny import TINY, write_tiny_weights

RED, GREEN = (255, 0, 0), (0, 255, 0)

ROOT = Path(__file__).parents[1]
OFFLINE = {"PIGEONHOLE_OFFLINE": "1"}
MEGABYTES = 1_000_000


@pytest.fixture
def two_kinds(tmp_path: Path) -> Path:
    """A TF_FILES with two categories of drawings, and no weights."""
    drawn(tmp_path / "data" / "wide", range(10), (160, 100))
    drawn(tmp_path / "data" / "tall", range(100, 110), (100, 160))
    return tmp_path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIGEONHOLE_OFFLINE", "1")


def drawings(size: int) -> NDArray[np.uint8]:
    """Eight pictures [8, size, size, 3]."""
    return np.stack([np.asarray(scene(number).resize((size, size))) for number in range(8)])


def features(graph: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    answers: NDArray[np.float32] = open_session(graph).run([FEATURES], {INPUT: pixels})[0]
    return answers


def test_the_file_has_at_most_4_megabytes() -> None:
    assert BUILTIN_FILE.stat().st_size <= 4 * MEGABYTES


def test_it_and_its_licence_are_part_of_the_package() -> None:
    """Everything in src/pigeonhole that git does not ignore is, in the wheel and in both images."""
    for path in (BUILTIN_FILE, BUILTIN_FILE.with_name("LICENSE")):
        assert path.is_file()
        ignored = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
        assert ignored.returncode != 0


def test_unpacking_its_weights_does_not_change_its_answers() -> None:
    packed = BUILTIN_FILE.read_bytes()
    pixels = drawings(128)
    np.testing.assert_allclose(features(packed, pixels), features(builtin.unpacked(packed), pixels), atol=1e-5)


@pytest.mark.parametrize("size", [128, 160])
def test_in_torch_and_in_onnxruntime_it_sees_the_same(size: int) -> None:
    network = from_pixels(backbone_network(BUILTIN, BUILTIN_FILE), *normalisation_of(BUILTIN))
    pixels = drawings(size)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels)).numpy()
    graph = builtin.unpacked(BUILTIN_FILE.read_bytes(), size)
    np.testing.assert_allclose(features(graph, pixels), expected, atol=1e-4)
    assert maps_behind(graph)


def shares_of_colours(*colours: tuple[int, int, int]) -> NDArray[np.float32]:
    """What the backbone says of a picture with as many even stripes: how much of it has which colour."""
    stripes = [np.full((128, 128 // len(colours), 3), colour, np.uint8) for colour in colours]
    answers = features(BUILTIN_FILE.read_bytes(), np.concatenate(stripes, axis=1)[None])
    return (answers[0, TOP:] / WEIGHT) ** 2


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)])
def test_a_picture_of_one_colour_is_all_of_that_colour(colour: tuple[int, int, int]) -> None:
    shares = shares_of_colours(colour)
    assert shares.max() > 0.6  # a hue between two marks is some of each
    assert np.count_nonzero(shares > 1e-3) <= 2
    assert shares.sum() == pytest.approx(1, abs=1e-3)


def test_each_of_two_colours_has_its_share() -> None:
    red, green, both = (shares_of_colours(*each) for each in ([RED], [GREEN], [RED, GREEN]))
    assert red.argmax() != green.argmax()
    np.testing.assert_allclose(both, (red + green) / 2, atol=1e-3)


def test_turning_a_picture_upside_down_does_not_change_its_colours() -> None:
    pixels = drawings(128)
    there, turned = (
        features(BUILTIN_FILE.read_bytes(), np.ascontiguousarray(each))[:, TOP:] for each in (pixels, pixels[:, ::-1])
    )
    np.testing.assert_allclose(there, turned, atol=1e-3)


def test_it_calculates_where_its_pictures_are() -> None:
    """On a GPU, for example. The device without memory refuses tensors of another as a GPU does."""
    network = backbone_network(BUILTIN, BUILTIN_FILE).to("meta")
    assert network(torch.zeros((2, 3, 128, 128), device="meta")).shape == (2, TOP + COLOURS)


@pytest.mark.parametrize("backbone", [None, AUTO])
@pytest.mark.usefixtures("offline")
def test_it_is_taken_where_there_are_no_others_and_the_reason_is_told(tmp_path: Path, backbone: str | None) -> None:
    chosen = obtain_weights(Workspace(tmp_path), backbone)
    assert chosen.backbone == BUILTIN
    assert chosen.origin == "no weights in weights/, and PIGEONHOLE_OFFLINE=1 forbids downloads"


@pytest.mark.usefixtures("offline")
def test_weights_that_the_user_has_come_first_unless_it_is_asked_for(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path / "weights" / f"{TINY}.pth")
    assert obtain_weights(Workspace(tmp_path), AUTO).backbone == TINY
    assert obtain_weights(Workspace(tmp_path), BUILTIN).origin == "set with --backbone"
    with pytest.raises(UsageError, match="brings its own weights"):
        obtain_weights(Workspace(tmp_path), BUILTIN, tmp_path / "weights" / f"{TINY}.pth")


def test_a_network_that_was_named_is_not_replaced_by_it(two_kinds: Path) -> None:
    result = pigeonhole("train", two_kinds, "--backbone", "mobilenet_v2", environment=OFFLINE)
    assert result.returncode == 3
    assert "There are no pretrained weights for mobilenet_v2: PIGEONHOLE_OFFLINE=1" in result.stderr
    assert "--backbone builtin" in result.stderr
    assert not (two_kinds / "model.onnx").exists()


def test_a_failed_download_is_told_in_a_few_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIGEONHOLE_OFFLINE", raising=False)
    monkeypatch.setattr(obtain, "DEFAULT_URL", "http://127.0.0.1:9/weights.pth")
    origin = obtain_weights(Workspace(tmp_path)).origin
    assert origin == "no weights in weights/, and the download failed (Connection refused)"


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/weights.pth"


def test_a_network_that_swallows_everything_costs_a_few_seconds(
    silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIGEONHOLE_OFFLINE", raising=False)
    monkeypatch.setattr(obtain, "DEFAULT_URL", silent)
    monkeypatch.setattr(obtain, "REACH_SECONDS", 0.5)
    chosen = obtain_weights(Workspace(tmp_path))  # without a limit this would never come back
    assert chosen.backbone == BUILTIN
    assert "the download failed" in chosen.origin
    for thread in threading.enumerate():
        if thread.daemon:
            thread.join(obtain.REACH_SECONDS)


def test_the_default_networks_address_is_the_one_that_torchvision_publishes() -> None:
    from pigeonhole.backbones.torchvision_models import published_weights

    assert published_weights(weights.DEFAULT_BACKBONE)[0].url == obtain.DEFAULT_URL


@pytest.mark.usefixtures("offline")
def test_training_says_in_one_line_that_it_is_used_and_why_and_the_model_knows(two_kinds: Path) -> None:
    result = called("train", two_kinds, "--no-report")
    assert result.returncode == 0, result.stderr
    assert "Backbone: builtin (no weights in weights/, and PIGEONHOLE_OFFLINE=1 forbids downloads).\n" in result.stderr
    card = load_model(two_kinds / "model.onnx").card
    assert card.recipe == "probe"
    assert card.backbone["name"] == BUILTIN
    assert card.backbone["weights"] == "no weights in weights/, and PIGEONHOLE_OFFLINE=1 forbids downloads"
    assert card.preprocessing.size == 128


def test_a_cache_that_cannot_be_made_is_named(two_kinds: Path) -> None:
    (two_kinds / "cache").write_text("a file where the folder would be")
    result = pigeonhole("train", two_kinds, "--backbone", BUILTIN)
    assert result.returncode == 5
    assert f"The folder {two_kinds / 'cache'} cannot be made: File exists." in result.stderr
    assert "Traceback" not in result.stderr


def test_training_on_it_needs_no_torch(two_kinds: Path) -> None:
    assert "torch" not in imported_by("train", two_kinds, "--backbone", BUILTIN)


def test_it_can_look_at_larger_pictures(two_kinds: Path) -> None:
    result = called("train", two_kinds, "--backbone", BUILTIN, "--size", "160", "--no-report")
    assert result.returncode == 0, result.stderr
    assert load_model(two_kinds / "model.onnx").card.preprocessing.size == 160


@pytest.mark.real("fine-tunes the built-in network")
def test_it_can_be_fine_tuned_and_explained(two_kinds: Path) -> None:
    drawn(two_kinds / "valid" / "wide", range(200, 204), (160, 100))
    drawn(two_kinds / "valid" / "tall", range(300, 304), (100, 160))  # one fold instead of ten
    picture = two_kinds / "data" / "wide" / "a0x.png"
    for recipe in ("finetune", "probe"):
        result = called("train", two_kinds, "--backbone", BUILTIN, "--size", "64", "--no-report", "--recipe", recipe)
        assert result.returncode == 0, result.stderr
        result = called("explain", two_kinds, picture, two_kinds / f"{recipe}.png")
        assert result.returncode == 0, result.stderr
        assert (two_kinds / f"{recipe}.png").stat().st_size > 10_000


@pytest.fixture(scope="module")
def heroes(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES trained on the 482 pictures of two heroes without any weights."""
    tf_files = tmp_path_factory.mktemp("heroes")
    shutil.copytree(shared / "data" / "superheroes" / "train", tf_files / "data", copy_function=shutil.copyfile)
    result = pigeonhole("train", tf_files, environment=OFFLINE)
    assert result.returncode == 0, result.stderr
    return tf_files


def test_97_percent_of_two_heroes_are_right_in_cross_validation(heroes: Path) -> None:
    metrics = load_model(heroes / "model.onnx").card.metrics
    assert metrics["total"] == 482
    assert metrics["accuracy"] >= 0.97


def test_all_25_test_pictures_of_two_heroes_are_right(heroes: Path, shared: Path) -> None:
    model = load_model(heroes / "model.onnx")
    paths = sorted((shared / "data" / "superheroes" / "test").glob("*/*"))
    pixels = np.stack([to_square(path.read_bytes(), model.card.preprocessing) for path in paths])
    answers = [model.card.labels[number] for number in model.probabilities(pixels).argmax(axis=1)]
    assert answers == [path.parent.name for path in paths]
    assert len(paths) == 25


@pytest.mark.parametrize(
    ("views", "steps", "gain"),
    [
        pytest.param(16, 6, 0.0, marks=pytest.mark.real("mobilenet_v2 teaches the built-in network")),
        pytest.param(128, 40, 0.2, marks=pytest.mark.long("makes a backbone of 640 views")),
    ],
)
def test_the_script_that_makes_it_learns(  # noqa: PLR0917
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    views: int,
    steps: int,
    gain: float,
) -> None:
    """A reduced run on drawn pictures: the student predicts the teacher's features of others better than before."""
    command = ["make_builtin.py", str(tmp_path), "--drawn", "--threads", str(torch.get_num_threads())]
    command += ["--teacher", str(shared / "weights" / "mobilenet_v2.pth"), "--size", "64", "--teacher-size", "96"]
    command += ["--shards", "5", "--views", str(views), "--steps", str(steps)]
    monkeypatch.setattr(sys, "argv", command)
    make_builtin.main()
    start, end = (
        float(number)
        for number in re.findall(r"^(?:start|end): explained (\S+)", capsys.readouterr().out, re.MULTILINE)
    )
    assert end > start + gain
    pixels = drawings(64)
    assert features((tmp_path / "builtin.onnx").read_bytes(), pixels).shape == (8, TOP + COLOURS)
    monkeypatch.setattr(sys, "argv", [*command, "--until", "views"])
    make_builtin.main()
    assert "views" not in capsys.readouterr().out  # what is done is not done again
