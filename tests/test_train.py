"""Training as a user meets it, on drawn pictures and random weights."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import tiny
from commands import called, imported_by, pigeonhole
from pigeonhole import Classifier
from pigeonhole.recipes import small_cnn
from pigeonhole.recipes.scratch import thumbnails
from tiny import TINY, write_tiny_weights
from trees import BLUE, GREEN, RED, tree, write_pictures


def shades(folder: Path, colour: tuple[int, int, int], count: int, seed: int) -> None:
    """`count` different pictures of about one colour."""
    chance = random.Random(seed)
    for number in range(count):
        red, green, blue = (max(0, min(255, value + chance.randint(-30, 30))) for value in colour)
        write_pictures(folder, {f"{number}.png": (red, green, blue)})


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES with two categories, random weights and what a first training made of them."""
    tf_files = tmp_path_factory.mktemp("tf files")
    shades(tf_files / "data" / "red_things", RED, 12, 1)
    shades(tf_files / "data" / "blue_things", BLUE, 12, 2)
    write_tiny_weights(tf_files / "weights" / f"{TINY}.pth")
    result = called("train", tf_files)
    assert result.returncode == 0, result.stderr
    (tf_files / "printed.txt").write_text(result.stdout)
    return tf_files


@pytest.fixture
def mine(trained: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(trained, tmp_path / "tf files")


def test_the_result_says_how_many_are_right_how_sure_that_is_and_what_it_comes_from(trained: Path) -> None:
    first, *_, last = (trained / "printed.txt").read_text().splitlines()
    assert first == (
        "Accuracy: 100.0 % (24 of 24 pictures; 95 % confidence interval 74.7 to 100.0 %), "
        "10-fold cross-validation with duplicates, near-duplicates and burst shots kept in the same fold."
    )
    assert last == f"The model is in {trained / 'model.onnx'}."


def test_training_leaves_the_model_its_cache_and_nothing_else(trained: Path) -> None:
    assert {path.split("/")[0] for path in tree(trained)} == {
        "data",
        "weights",
        "cache",
        "model.onnx",
        "report",
        "printed.txt",
    }
    suffixes = [Path(path).suffix for path in tree(trained / "cache")]
    assert sorted(suffixes) == [".onnx", ".sha256", ".sqlite"]  # all answers are right, so no other crop rule was tried


def test_a_trained_model_answers(trained: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path, {"new.png": (240, 30, 20)})
    assert Classifier.load(trained / "model.onnx").guess(tmp_path / "new.png").category == "red_things"


def test_the_model_tells_where_it_came_from_and_nothing_about_the_machine(trained: Path) -> None:
    model = onnx.load(trained / "model.onnx")
    card = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert card["labels"] == ["blue_things", "red_things"]
    assert card["backbone"]["name"] == TINY
    assert card["backbone"]["weights"] == f"weights/{TINY}.pth"
    assert card["preprocessing"]["size"] == tiny.SIZE
    assert (card["metrics"]["right"], card["metrics"]["total"]) == (24, 24)
    assert len(card["training_set"]) == 64
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert str(Path(__file__).parents[1]).encode() not in (trained / "model.onnx").read_bytes()


def test_training_again_needs_no_torch_and_gives_the_same_model(mine: Path) -> None:
    before = {entry.name: entry for entry in onnx.load(mine / "model.onnx").graph.initializer}
    assert not imported_by("train", mine) & {"torch", "torchvision", "onnxscript"}
    after = {entry.name: entry for entry in onnx.load(mine / "model.onnx").graph.initializer}
    assert before == after


def test_two_pictures_of_each_are_enough(tmp_path: Path) -> None:
    shades(tmp_path / "data" / "red", RED, 2, 1)
    shades(tmp_path / "data" / "blue", BLUE, 2, 2)
    shades(tmp_path / "data" / "green", GREEN, 2, 3)
    result = called("train", "--no-report", "--backbone", "builtin", tmp_path)
    assert result.returncode == 0, result.stderr
    assert " of 6 pictures; " in result.stdout


def test_unreadable_pictures_are_named_and_left_out(mine: Path) -> None:
    (mine / "data" / "red_things" / "text.jpg").write_text("no picture")
    (mine / "data" / "red_things" / "notes.txt").write_text("no picture either, and does not say so")
    result = called("train", "--no-report", mine)
    assert result.returncode == 0
    assert f"left out: {mine / 'data' / 'red_things' / 'text.jpg'}: it is not a picture" in result.stderr
    assert "notes.txt" not in result.stderr
    assert "24 of 24" in result.stdout


def test_the_same_picture_in_two_categories_is_pointed_out(mine: Path) -> None:
    shutil.copyfile(mine / "data" / "red_things" / "1.png", mine / "data" / "blue_things" / "wrong.png")
    result = called("train", "--no-report", mine)
    assert result.returncode == 0
    assert "the same picture in two categories: " in result.stderr
    assert "blue_things/wrong.png" in result.stderr
    assert "Most frequent mistake: " in result.stdout
    assert "  mistake: " in result.stdout


def test_learning_on_the_built_in_backbone_when_there_are_no_weights(tmp_path: Path) -> None:
    shades(tmp_path / "data" / "red_things", RED, 10, 1)
    shades(tmp_path / "data" / "blue_things", BLUE, 10, 2)
    result = pigeonhole("train", "--no-report", tmp_path, environment={"PIGEONHOLE_OFFLINE": "1"})
    assert result.returncode == 0, result.stderr
    assert "Backbone: builtin (no weights in weights/, and PIGEONHOLE_OFFLINE=1 forbids downloads)." in result.stderr
    assert result.stdout.startswith("Accuracy: 100.0 % (20 of 20 pictures; ")
    write_pictures(tmp_path, {"new.png": (20, 30, 240)})
    assert Classifier.load(tmp_path / "model.onnx").guess(tmp_path / "new.png").category == "blue_things"


def test_scratch_gives_the_same_network_for_the_same_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_cnn, "LEAST_STEPS", tiny.STEPS)
    shades(tmp_path / "data" / "red_things", RED, 4, 1)
    shades(tmp_path / "data" / "blue_things", BLUE, 4, 2)
    (tmp_path / "data" / "red_things" / "text.jpg").write_text("no picture")
    models = []
    for _ in range(2):
        result = called("train", "--no-report", tmp_path, "--recipe", "scratch", "--seed", "5")
        assert result.returncode == 0, result.stderr
        assert "left out: " in result.stderr
        models.append({entry.name: entry for entry in onnx.load(tmp_path / "model.onnx").graph.initializer})
    assert models[0] == models[1]


def one_category(data: Path) -> None:
    shades(data / "red", RED, 4, 1)


def one_picture(data: Path) -> None:
    shades(data / "red", RED, 4, 1)
    shades(data / "blue", BLUE, 1, 1)


def one_picture_twice(data: Path) -> None:
    one_picture(data)
    shutil.copyfile(data / "blue" / "0.png", data / "blue" / "copy.png")


def one_readable_picture(data: Path) -> None:
    one_picture(data)
    Image.new("RGB", (8, 8)).save(data / "blue" / "broken.png")
    (data / "blue" / "broken.png").write_bytes((data / "blue" / "broken.png").read_bytes()[:40])


def an_empty_category(data: Path) -> None:
    shades(data / "red", RED, 4, 1)
    (data / "blue").mkdir()


def no_category(data: Path) -> None:
    write_pictures(data, {"loose.png": RED})


def no_folder(data: Path) -> None:
    data.parent.mkdir(exist_ok=True)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (one_category, "holds a single category, red"),
        (one_picture, "fewer than 2 different pictures that can be read: blue (1). Add pictures to each"),
        (one_picture_twice, "blue (1)"),
        (one_readable_picture, "blue (1)"),
        (an_empty_category, "blue (0)"),
        (no_category, "holds no folders, so there are no categories"),
        (no_folder, "There is no folder"),
    ],
)
def test_too_little_to_learn_from_is_refused_with_what_to_do(tmp_path: Path, make: object, sentence: str) -> None:
    assert callable(make)
    make(tmp_path / "data")
    (tmp_path / "model.onnx").write_text("the previous model")
    result = called("train", "--no-report", "--backbone", "builtin", tmp_path)
    assert result.returncode == 3
    assert sentence in result.stderr
    assert (tmp_path / "model.onnx").read_text() == "the previous model"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--weights", "nowhere.pth"], 2, "There is no weights file nowhere.pth."),
        (["--weights", "resnet18.pth"], 3, "resnet18.pth is damaged or neither torchvision's"),
        (["--weights", "resnet34.pth"], 3, "resnet34.pth holds no state dict"),
        (["--weights", f"weights/{TINY}.pth", "--backbone", "resnet18"], 3, "do not fit the network resnet18"),
        (["--weights", f"weights/{TINY}.pth", "--backbone", "squeezenet"], 2, "Did you mean squeezenet1_"),
        (["--backbone", "xyz", "--recipe", "probe"], 2, "There is no network called 'xyz' in torchvision"),
        (["--recipe", "scratch", "--backbone", "resnet18"], 2, "Recipe scratch takes no backbone"),
        (["--recipe", "magic"], 2, "'magic' is not one of"),
        (["--seed", "x"], 2, "not a valid integer"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence_and_the_model_stays(
    mine: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, sentence: str
) -> None:
    import torch

    (mine / "resnet18.pth").write_text("no weights")
    torch.save([1, 2, 3], mine / "resnet34.pth")
    before = (mine / "model.onnx").read_bytes()
    monkeypatch.chdir(mine)
    result = called("train", ".", *arguments)
    assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
    assert (mine / "model.onnx").read_bytes() == before


def test_a_weights_file_that_would_run_code_is_refused(mine: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(mine / "trapped"), "w"))  # type: ignore[return-value]

    (mine / "resnet18.pth").write_bytes(pickle.dumps(Trap()))
    result = called("train", "--no-report", mine, "--weights", mine / "resnet18.pth")
    assert result.returncode == 3
    assert not (mine / "trapped").exists()


def test_a_model_that_onnxruntime_disagrees_with_is_not_published(mine: Path) -> None:
    import numpy as np

    from pigeonhole.errors import PigeonholeError
    from pigeonhole.train.publish import publish_model

    whole = (mine / "model.onnx").read_bytes()
    pixels = np.zeros((1, tiny.SIZE, tiny.SIZE, 3), np.uint8)
    with pytest.raises(PigeonholeError, match="differs from the trained one"):
        publish_model(mine / "model.onnx", whole, pixels, np.array([[0.5, float("nan")]]), None)
    assert (mine / "model.onnx").read_bytes() == whole


def test_a_damaged_cache_is_made_anew(mine: Path) -> None:
    before = Classifier.load(mine / "model.onnx").labels
    for store in (mine / "cache").glob("*.sqlite"):
        store.write_bytes(b"no database" * 1000)
    result = called("train", "--no-report", mine)
    assert result.returncode == 0, result.stderr
    assert Classifier.load(mine / "model.onnx").labels == before


def test_thumbnails_are_8_by_8_mean_colours_around_the_mean_of_all_pictures() -> None:
    pixels = np.zeros((2, 64, 64, 3), np.uint8)
    pixels[1, :8, 8:16] = [200, 100, 50]  # one of the 64 blocks of the second picture
    pixels[1, :8, 8:12] = 0  # half of it
    expected = np.zeros((8, 8, 3))
    expected[0, 1] = [50, 25, 12.5]
    assert np.array_equal(thumbnails(pixels), [-expected.ravel(), expected.ravel()])
    assert thumbnails(pixels[:0]).shape == (0, 192)
