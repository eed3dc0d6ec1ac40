"""A model in int8 is faster, says the same, and is otherwise like any other; where that cannot be had, it stays."""

import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from commands import called
from learning import trained
from pigeonhole.dataset.folders import Example
from pigeonhole.errors import DataError, NotInt8Error
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.model import load_model
from pigeonhole.onnx_graph import throughput
from pigeonhole.onnx_graph.throughput import Rates
from pigeonhole.output import Recorder
from pigeonhole.recipes.int8_probe import CALIBRATING, chosen, in_int8
from pigeonhole.recipes.int8_trial import Trial, check_speed
from pigeonhole.records import Found
from pigeonhole.train import quantize
from pigeonhole.workspace import Workspace
from rates import measured
from scenes import drawn
from tiny import SIZE, TINY, write_tiny_weights
from trees import BLUE, RED, write_pictures

QUICK = ("--crop", "centre", "--no-report")


def shades(folder: Path, colour: tuple[int, int, int], seed: int) -> None:
    chance = random.Random(seed)
    for number in range(8):
        red, green, blue = (max(0, min(255, value + chance.randint(-30, 30))) for value in colour)
        write_pictures(folder, {f"{number}.png": (red, green, blue)})


def two_categories(tf_files: Path) -> Path:
    shades(tf_files / "data" / "red_things", RED, 1)
    shades(tf_files / "data" / "blue_things", BLUE, 2)
    write_tiny_weights(tf_files / "weights" / f"{TINY}.pth")
    return tf_files


@pytest.fixture(scope="module")
def float32(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES with a float32 model."""
    tf_files = two_categories(tmp_path_factory.mktemp("trained"))
    result = called("train", tf_files, *QUICK)
    assert result.returncode == 0, result.stderr
    return tf_files


@pytest.fixture
def mine(float32: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(float32, tmp_path / "tf files")


def test_training_in_int8_gives_what_quantising_later_gives(mine: Path) -> None:
    with measured(200):
        later = called("quantize", mine, "--no-report")
        models = [onnx.load(mine / "model.onnx")]
        at_once = called("train", mine, "--int8", *QUICK)
    models.append(onnx.load(mine / "model.onnx"))
    for result in (later, at_once):
        assert result.returncode == 0, result.stderr
        assert (
            "16 answers to pictures held out 16 stay the same (100.0 %), 16 are right instead of 16." in result.stdout
        )
    assert load_model(mine / "model.onnx").card.int8 is not None
    first, second = ({each.name: numpy_helper.to_array(each) for each in model.graph.initializer} for model in models)
    assert np.allclose(first["head.weight"], second["head.weight"], atol=1e-4)
    weights = [name for name in first if first[name].dtype == np.int8 and first[name].ndim == 4]
    assert len(weights) == 3
    assert all(np.array_equal(first[name], second[name]) for name in weights)


def test_a_backbone_that_does_not_gain_keeps_its_float_model_and_says_why(tmp_path: Path) -> None:
    with measured(120):
        result = called("train", two_categories(tmp_path), "--int8", *QUICK)
    assert result.returncode == 0, result.stderr
    assert f"int8 does not pay for {TINY}: " in result.stdout
    before = (tmp_path / "model.onnx").read_bytes()
    assert load_model(tmp_path / "model.onnx").card.int8 is None
    with measured(120):
        result = called("quantize", tmp_path)
    assert result.returncode == 4
    assert f"pigeonhole: int8 does not pay for {TINY}: " in result.stderr
    assert result.stderr.endswith("The model stays as it is.\n")
    assert (tmp_path / "model.onnx").read_bytes() == before


def test_other_pictures_than_those_learnt_from_are_refused(mine: Path) -> None:
    before = (mine / "model.onnx").read_bytes()
    drawn(mine / "data" / "red_things", [1])
    with pytest.raises(DataError, match=r"are not those that the model was trained on\. Train again, with --int8\."):
        quantize(Workspace(mine), output=Recorder())
    assert (mine / "model.onnx").read_bytes() == before


def test_without_a_model_there_is_nothing_to_quantise(tmp_path: Path) -> None:
    result = called("quantize", tmp_path)
    assert result.returncode == 3
    assert result.stderr.startswith(f"pigeonhole: There is no model at {tmp_path / 'model.onnx'}.")


def test_a_model_that_is_no_probe_stays_in_float32(tf_files: Path) -> None:
    result = called("quantize", tf_files)
    assert result.returncode == 4
    assert "int8 is only supported for probe models; this one was trained with made by hand." in result.stderr
    tuned = replace(trained(np.eye(4), np.arange(4)), recipe="finetune")
    with pytest.raises(NotInt8Error, match="this one was trained with finetune"):
        in_int8(Workspace(tf_files), tuned, Recorder())


# --- whether int8 pays ---


def held_out(answers: list[int]) -> OutOfFold:
    count = len(answers)
    return OutOfFold(np.arange(count), np.eye(2)[answers], np.zeros(count, np.int64))


@pytest.mark.parametrize(("changed", "kept"), [(0, True), (2, True), (3, False)])
def test_more_than_one_changed_answer_in_a_hundred_is_too_much(changed: int, kept: bool) -> None:
    before, after = held_out([0] * 200), held_out([1] * changed + [0] * (200 - changed))
    trial = Trial.of(Rates(100, 200, "CPU"), before, after, np.zeros(200, np.int64))
    assert (trial.same, trial.right_before, trial.right_after) == (200 - changed, 200, 200 - changed)
    if kept:
        trial.check_agreement()
    else:
        with pytest.raises(NotInt8Error, match=r"197 stay the same \(98\.5 %\), 197 are right instead of 200"):
            trial.check_agreement()


@pytest.mark.parametrize(("after", "kept"), [(130, True), (120, False), (60, False)])
def test_a_little_faster_is_not_enough(after: float, kept: bool) -> None:
    if kept:
        check_speed(Rates(100, after, "CPU"), "some_network")
    else:
        with pytest.raises(NotInt8Error, match="int8 does not pay for some_network: "):
            check_speed(Rates(100, after, "CPU"), "some_network")


def test_it_is_calibrated_by_as_many_pictures_of_each_category_the_same_each_time() -> None:
    def example(number: int) -> Example:
        category = "few" if number < 30 else "many"
        return Example(Found(Path(str(number)), Path("a")), category, f"{number * 7919 % 10007:064}")

    examples = [example(number) for number in range(530)]
    some = chosen(examples)
    assert len(some) == CALIBRATING
    assert Counter(each.category for each in some) == {"few": 30, "many": CALIBRATING - 30}
    assert chosen(examples[::-1]) == some


def test_how_fast_two_networks_are_is_measured_here(float32: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "ROUNDS", 1)
    network = (float32 / "model.onnx").read_bytes()
    measured_here = throughput.rates(network, network, np.zeros((2, SIZE, SIZE, 3), np.uint8))
    assert measured_here.before > 1
    assert measured_here.after > 1
    assert measured_here.device in ("CPU", "GPU")
