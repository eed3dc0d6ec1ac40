"""A model file from a stranger is refused before the first picture, whatever it says and does."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import lying_models
from commands import pigeonhole
from lying_models import described
from models import card, colour_model, write_colour_model
from pigeonhole.errors import ModelError
from pigeonhole.files import digest
from pigeonhole.model import load_model
from pigeonhole.model.load import read_model
from pigeonhole.model.trial import try_out
from trees import RED, tree, write_pictures
from watching import Place, watching

SEEN = json.loads(card().to_metadata()["preprocessing"])


def seeing(**changes: object) -> str:
    return json.dumps({**SEEN, **changes})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this user's."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_file_without_an_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_file_larger_than_memory(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("make", [a_pipe, a_file_without_an_end, a_file_larger_than_memory])
@pytest.mark.parametrize("command", ["guess", "guess-dir", "watch", "evaluate", "doctor", "quantize"])
def test_what_does_not_end_is_no_model(
    tmp_path: Path, out: Path, source: Path, command: str, make: Callable[[Path], None]
) -> None:
    """It is not read: that would take all memory, or wait for ever."""
    tf_files = tmp_path / "theirs"
    tf_files.mkdir()
    make(tf_files / "model.onnx")
    write_pictures(source, {"a.png": RED})
    arguments = {"guess": [source / "a.png"], "evaluate": [source], "doctor": [], "quantize": []}
    result = pigeonhole(command, tf_files, *arguments.get(command, [source, out]))
    said = result.stdout if command == "doctor" else result.stderr
    assert "model.onnx cannot be read: it is " in said
    assert result.returncode == 3


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ({"labels": "[1, 2, 3]"}, "one of its labels is no name"),
        ({"labels": '["a", "", "c"]'}, "one of its labels is no name"),
        ({"labels": '["a", "b", "a"]'}, "two of its labels are the same"),
        ({"labels": '"abc"'}, "its labels are no list"),
        ({"labels": "[]"}, "its labels are no list"),
        ({"labels": json.dumps(["a", "b", "c" * 10_000_000])}, "one of its labels is longer than 255 bytes"),
        ({"labels": json.dumps(["a", "b", "é" * 200])}, "one of its labels is longer than 255 bytes"),
        ({"preprocessing": seeing(size=32.5)}, "the size of its pictures is not a whole number"),
        ({"preprocessing": seeing(size=True)}, "the size of its pictures is not a whole number"),
        ({"preprocessing": seeing(size="32")}, "the size of its pictures is not a whole number"),
        ({"preprocessing": seeing(size=10**9)}, "the size of its pictures is not a whole number"),
        ({"preprocessing": seeing(fraction=0)}, "the fraction that it crops"),
        ({"preprocessing": seeing(fraction=float("nan"))}, "the fraction that it crops"),
        ({"preprocessing": seeing(fraction=1e-9)}, "the fraction that it crops"),
        ({"preprocessing": seeing(fraction="all")}, "the fraction that it crops"),
        ({"preprocessing": seeing(interpolation="magic")}, "its interpolation is not known"),
        ({"preprocessing": seeing(crop="left")}, "its crop is not known"),
        ({"preprocessing": seeing(face="cat")}, "its detector of faces is not known"),
        ({"preprocessing": seeing(crop=["centre"])}, "its crop is not known"),
        ({"preprocessing": seeing(crop="letterbox", fraction=0.5)}, "its crop is not known"),
        ({"preprocessing": "[]"}, "preprocessing is not a list"),
        ({"preprocessing": seeing(**{"x" * 100_000: 1})}, "unexpected keyword"),
        ({"metrics": "[" * 200_000 + "]" * 200_000}, "nested too deep"),
        ({"metrics": "[]"}, "metrics is not"),
        ({"backbone": "7"}, "backbone is not"),
        ({"recipe": "{}"}, "recipe is no text"),
        ({"temperature": "0"}, "its temperature"),
        ({"temperature": "Infinity"}, "its temperature"),
        ({"unknown": "[1]"}, "unknown is not"),
        ({"unknown": '{"min_score": NaN, "max_distance": null}'}, "the least score is not a number"),
        ({"unknown": '{"min_score": "high", "max_distance": null}'}, "the least score is not a number"),
        ({"unknown": '{"min_score": 0.5, "max_distance": -4}'}, "the greatest distance is not a number"),
        ({"unknown": '{"min_score": 0.5}'}, "its rule for unknown pictures is damaged"),
    ],
)
def test_a_description_that_lies_is_refused(metadata: dict[str, str], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as refusal:
        read_model(described(**metadata))
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lying_models.twice_as_many_rows, "does not give one answer for each picture"),
        (lying_models.one_row_for_all, "does not give one answer for each picture"),
        (lying_models.for_one_picture_alone, "cannot be run on 4 pictures at a time"),
        (lying_models.no_numbers, "some of its answers are no numbers"),
        (lying_models.infinite, "some of its answers are no numbers"),
        (lying_models.no_probabilities, "its scores are no probabilities"),
        (lying_models.gigabytes, "it needs too much memory"),
        (lambda: b"no model", "it is cut off, or no ONNX file"),
    ],
)
def test_a_network_that_lies_is_refused_when_it_is_tried_out(make: Callable[[], bytes], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        try_out(make())


def test_a_network_that_comes_to_no_end_is_refused() -> None:
    with pytest.raises(ModelError, match="trying it out takes more than 1 seconds of processor time"):
        try_out(lying_models.endless(), seconds=1)


@pytest.mark.parametrize("command", ["guess-dir", "guess", "evaluate"])
def test_commands_refuse_it_before_the_first_picture(tmp_path: Path, command: str) -> None:
    tf_files = write_colour_model(tmp_path / "tf")
    (tf_files / "model.onnx").write_bytes(lying_models.no_numbers())
    folder = write_pictures(tmp_path / "in", {"red_things/a.png": RED})
    before = tree(tf_files), tree(folder)
    given = folder / "red_things" / "a.png" if command == "guess" else folder
    result = pigeonhole(command, tf_files, given, *([tmp_path / "out"] if command == "guess-dir" else []))
    assert result.returncode == 3
    assert result.stderr == (
        f"pigeonhole: The model {tf_files / 'model.onnx'} cannot be used: some of its answers are no numbers"
        " (probabilities). Train one with: bash train.sh\n"
    )
    assert result.stdout == ""
    assert (tree(tf_files), tree(folder)) == before
    assert not (tmp_path / "out").exists()


def test_a_running_watcher_keeps_the_model_it_has(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with watching(place) as watcher:
        place.drop(0)
        watcher.wait_until_sorted(1)
        for lie in (lying_models.no_numbers(), described(preprocessing=seeing(interpolation="magic"))):
            (place.tf_files / "new").write_bytes(lie)
            (place.tf_files / "new").rename(place.tf_files / "model.onnx")
        watcher.wait_for("The one that was loaded before stays in use.")
        place.drop(1)
        watcher.wait_until_sorted(2)
        assert watcher.stop()["sorted"] == 2
    assert not (place.out / "_unreadable").exists()


def test_a_picture_without_an_answer_fails_alone(tmp_path: Path) -> None:
    tf_files = write_colour_model(tmp_path / "tf")
    (tf_files / "model.onnx").write_bytes(lying_models.lies_of_white_pictures())
    folder = write_pictures(tmp_path / "in", {"red.png": RED, "white.png": (255, 255, 255)})
    result = pigeonhole("guess-dir", tf_files, folder, tmp_path / "out", "--move")
    assert result.returncode == 1
    assert f"failed: {folder / 'white.png'}: the model's answer is no number" in result.stderr
    assert list(tree(folder)) == ["white.png"]
    assert len(tree(tmp_path / "out")) == 1


def test_a_file_is_tried_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    try_out(colour_model())

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    try_out(colour_model())
    with pytest.raises(AssertionError):
        try_out(colour_model(13.0))


def test_what_others_can_write_is_not_believed(cache: Path, tmp_path: Path) -> None:
    try_out(colour_model())
    folder = cache / "pigeonhole" / "tried-models"
    (note,) = folder.iterdir()
    lie = lying_models.no_numbers()
    forged = note.name.replace(note.name.split("-")[0], digest(lie))
    (folder / forged).symlink_to(note)
    with pytest.raises(ModelError):
        try_out(lie)
    (folder / forged).unlink()
    (folder / forged).touch()
    folder.chmod(0o777)
    with pytest.raises(ModelError):
        try_out(lie)


def test_a_cache_that_cannot_be_written_costs_a_trial_and_nothing_else(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file where the folder should be")
    (tmp_path / "model.onnx").write_bytes(colour_model())
    assert load_model(tmp_path / "model.onnx").card == card()
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/nowhere")
    assert load_model(tmp_path / "model.onnx").card == card()
