"""How pictures are looked at: which part of them, how large, and in how many views."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from commands import called, pigeonhole
from learning import halves
from pictures import drawing, saved
from pigeonhole.backbones.augmented_views import PLAIN, view_of
from pigeonhole.heads.blended_head import fit_probe
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.images.views import canvas_of, ten_views
from pigeonhole.model import InferenceOptions, load_model
from pigeonhole.output import Recorder
from tiny import TINY, write_tiny_weights

SHA256 = "0123456789abcdef" * 4


@pytest.fixture
def told_apart_at_the_border(tmp_path: Path) -> Path:
    """Wide pictures, like film frames: only their left and right ends say which category they are of."""
    chance = random.Random(1)
    for category, colour in (("day", "gold"), ("night", "navy")):
        folder = tmp_path / "tf" / "data" / category
        folder.mkdir(parents=True)
        for number in range(12):
            frame = Image.new("RGB", (480, 160), "grey")
            pen = ImageDraw.Draw(frame)
            for _ in range(10):
                x, y = chance.randint(160, 300), chance.randint(0, 130)
                pen.ellipse((x, y, x + 20, y + 30), tuple(chance.choices(range(256), k=3)))
            pen.rectangle((0, 0, 90, 160), colour)
            pen.rectangle((390, 0, 480, 160), colour)
            frame.save(folder / f"{number}.png")
    write_tiny_weights(tmp_path / "tf" / "weights" / f"{TINY}.pth")
    return tmp_path / "tf"


def test_what_stands_at_the_border_is_seen_where_it_tells_the_categories_apart(told_apart_at_the_border: Path) -> None:
    result = called("train", told_apart_at_the_border)
    assert result.returncode == 0, result.stderr
    assert "The whole picture is used" in result.stderr
    card = load_model(told_apart_at_the_border / "model.onnx").card
    assert card.preprocessing.crop in ("squeeze", "letterbox")
    assert card.metrics["right"] == card.metrics["total"] == 24


def test_the_user_may_choose_the_rule_and_the_size(told_apart_at_the_border: Path) -> None:
    result = called("train", told_apart_at_the_border, "--crop", "letterbox", "--size", "96")
    assert result.returncode == 0, result.stderr
    preprocessing = load_model(told_apart_at_the_border / "model.onnx").card.preprocessing
    assert (preprocessing.crop, preprocessing.size, preprocessing.fraction) == ("letterbox", 96, 1.0)


def test_a_size_that_is_too_small_for_the_network_is_a_sentence(told_apart_at_the_border: Path) -> None:
    result = called("train", told_apart_at_the_border, "--size", "8")
    assert result.returncode == 2
    assert "--size" in result.stderr


def test_a_view_is_the_same_each_time_and_differs_from_the_others() -> None:
    canvas = to_square(saved(drawing(), "PNG"), canvas_of(Preprocessing(size=64)))
    views = [view_of(canvas, 64, SHA256, number) for number in range(1, 5)]
    assert all(view.shape == (64, 64, 3) and view.dtype == np.uint8 for view in views)
    assert all((view_of(canvas, 64, SHA256, number) == views[number - 1]).all() for number in range(1, 5))
    assert len({view.tobytes() for view in views}) == 4


def test_the_plain_view_is_the_picture_itself() -> None:
    square = to_square(saved(drawing(), "PNG"), Preprocessing(size=64))
    assert view_of(square, 64, SHA256, PLAIN) is square


def test_copies_of_a_picture_as_views_change_nothing() -> None:
    chance = np.random.default_rng(0)
    targets = np.arange(40) % 2
    points = (chance.normal(size=(40, 100)) + targets[:, None]).astype(np.float32)
    one = fit_probe(points[None], targets, halves(40), Recorder())
    three = fit_probe(np.stack([points] * 3), targets, halves(40), Recorder())
    assert three.held_out.logits == pytest.approx(one.held_out.logits, abs=0.02)


def test_the_first_of_ten_views_is_what_the_model_sees_otherwise() -> None:
    preprocessing = Preprocessing(size=224, fraction=224 / 256)
    data = saved(drawing(640, 480), "PNG")
    views = ten_views(to_square(data, canvas_of(preprocessing))[None], 224)
    assert views.shape == (1, 10, 224, 224, 3)
    assert np.abs(views[0, 0].astype(int) - to_square(data, preprocessing)).mean() < 0.01  # rounded twice
    assert (views[0, 5] == views[0, 0][:, ::-1]).all()
    assert len({view.tobytes() for view in views[0]}) == 10


def test_ten_views_are_averaged_when_a_model_is_asked_for_it(tf_files: Path, tmp_path: Path) -> None:
    """The colour model sees the mean of each crop; the mean of the views' answers is what comes out."""
    model = load_model(tf_files / "model.onnx", InferenceOptions(tta=True))
    canvas = to_square(saved(drawing(), "PNG"), model.preprocessing)
    averaged, _ = model.answers(canvas[None])
    alone = model.probabilities(ten_views(canvas[None], model.card.preprocessing.size)[0])
    assert averaged[0] == pytest.approx(alone.mean(axis=0), abs=1e-6)
    assert averaged[0] != pytest.approx(alone[0], abs=1e-6)


def test_guessing_with_ten_views_is_a_command(tf_files: Path, tmp_path: Path) -> None:
    drawing().save(tmp_path / "a.png")
    plain, averaged = (pigeonhole("guess", tf_files, tmp_path / "a.png", *way) for way in ((), ("--tta",)))
    assert plain.returncode == averaged.returncode == 0
    assert len(plain.stdout.splitlines()) == len(averaged.stdout.splitlines()) == 3
    assert plain.stdout != averaged.stdout
