import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from commands import called, pigeonhole
from models import colour_model, write_colour_model
from pigeonhole import Classifier
from pigeonhole.decoding.item import Decoded, Problem
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import ModelError, UnreadableError
from pigeonhole.files import find_named
from pigeonhole.images import Preprocessing
from pigeonhole.model.load import read_model
from pigeonhole.records import Found
from pigeonhole.stream import GuessWithHeat, guess_with_heat, guesses
from thread_decoders import ThreadDecoders
from trees import BLUE, GREEN, RED, write_pictures


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "my pictures", {"a red one.png": RED, "b.png": GREEN, "c.png": BLUE})


def test_every_category_stands_on_a_line_with_its_score_best_first(tf_files: Path, pictures: Path) -> None:
    result = pigeonhole("guess", tf_files, pictures / "a red one.png")
    lines = result.stdout.splitlines()
    assert (result.returncode, result.stderr, len(lines)) == (0, "", 3)
    assert lines[0] == "red things (score = 0.99998)"
    assert all(re.fullmatch(r"(red|green|blue) things \(score = [01]\.\d{5}\)", line) for line in lines)
    scores = [float(line.split("= ")[1].rstrip(")")) for line in lines]
    assert scores == sorted(scores, reverse=True)


def test_top_shows_the_best_only(tf_files: Path, pictures: Path) -> None:
    result = called("guess", tf_files, pictures / "c.png", "--top", "1")
    assert result.stdout == "blue things (score = 0.99998)\n"


def test_several_pictures_are_told_apart_by_their_names(tf_files: Path, pictures: Path) -> None:
    result = called("guess", tf_files, pictures / "b.png", pictures / "c.png", "--top", "1")
    assert result.stdout.splitlines() == [
        *(f"{pictures / 'b.png'}:", "green things (score = 0.99998)", ""),
        *(f"{pictures / 'c.png'}:", "blue things (score = 0.99998)", ""),
    ]


def test_json_is_one_object_per_picture(tf_files: Path, pictures: Path) -> None:
    result = called("guess", tf_files, *sorted(pictures.iterdir()), "--json")
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["category"] for each in objects] == ["red_things", "green_things", "blue_things"]
    for each in objects:
        assert sum(entry["score"] for entry in each["ranking"]) == pytest.approx(1)
        assert each["ranking"][0] == {"category": each["category"], "score": each["score"]}


def test_tf_files_is_found_beside_the_caller_when_left_out(tf_files: Path, pictures: Path) -> None:
    tf_files.rename(tf_files.parent / "tf_files")
    result = pigeonhole("guess", pictures / "b.png", "--top", "1", cwd=tf_files.parent)
    assert result.stdout == "green things (score = 0.99998)\n"


def test_one_unreadable_picture_is_named_and_the_others_are_answered(tf_files: Path, pictures: Path) -> None:
    (pictures / "broken.png").write_bytes((pictures / "b.png").read_bytes()[:60])
    result = pigeonhole("guess", tf_files, pictures / "broken.png", pictures / "b.png", "--top", "1")
    assert result.returncode == 1
    assert "green things (score = 0.99998)" in result.stdout
    assert f"unreadable: {pictures / 'broken.png'}: it is" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nowhere.png"], 2, "There is no file nowhere.png."),
        (["."], 2, ". is a folder. Use guess-dir"),
        ([], 2, "Missing argument"),
        (["my pictures/b.png", "--top", "0"], 2, "--top"),
        (["my pictures/b.png", "--tpo", "1"], 2, "--tpo"),
        (["my pictures/b.png"], 3, "There is no model at tf_files/model.onnx. Train one with: bash train.sh"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(
    pictures: Path, arguments: list[str], code: int, sentence: str
) -> None:
    result = pigeonhole("guess", *arguments, cwd=pictures.parent)
    assert result.returncode == code
    assert sentence in result.stderr
    assert result.stdout == ""


def test_a_name_that_is_no_text_is_answered(tf_files: Path, pictures: Path) -> None:
    odd = pictures / os.fsdecode(b"\xff\n.png")
    (pictures / "b.png").rename(odd)
    result = called("guess", tf_files, odd, pictures / "c.png", "--top", "1")
    assert result.returncode == 0
    assert "\\xff\\n.png:\ngreen things (score = 0.99998)" in result.stdout


def test_output_cut_off_by_head_is_no_error(tf_files: Path, pictures: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        import subprocess
        import sys

        command = [sys.executable, "-m", "pigeonhole", "guess", str(tf_files), str(pictures / "c.png")]
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert b"Traceback" not in result.stderr
    assert b"Exception" not in result.stderr


@pytest.mark.parametrize(("min_score", "label"), [(0.9, "green_things"), (0.99999, "unknown")])
def test_the_python_face_says_unknown_where_the_model_withholds_its_answer(
    pictures: Path, tmp_path: Path, min_score: float, label: str
) -> None:
    tf_files = write_colour_model(tmp_path / "strict", min_score=min_score)
    guess = Classifier.load(tf_files / "model.onnx").guess(pictures / "b.png")
    assert (guess.label, guess.is_unknown, guess.category) == (label, label == "unknown", "green_things")
    assert ("its score is below 0.99999" in guess.why_unknown) == guess.is_unknown


def test_an_unknown_picture_is_unknown_in_every_form(pictures: Path, tmp_path: Path) -> None:
    tf_files = write_colour_model(tmp_path / "strict", min_score=0.99999)
    for_people = called("guess", tf_files, pictures / "b.png")
    assert for_people.stdout.splitlines()[:2] == ["unknown (score = 0.99998)", "green things (score = 0.99998)"]
    assert for_people.stderr == f"unknown: {pictures / 'b.png'}: its score is below 0.99999\n"
    fields = json.loads(called("guess", tf_files, pictures / "b.png", "--json").stdout)
    assert (fields["label"], fields["category"], fields["unknown"]) == ("unknown", "green_things", True)
    assert fields["why_unknown"] == "its score is below 0.99999"
    named = called("guess", tf_files, pictures / "b.png", "--no-unknown", "--top", "1")
    assert (named.stdout, named.stderr) == ("green things (score = 0.99998)\n", "")


def half_and_half(path: Path) -> Path:
    picture = Image.new("RGB", (60, 60), RED)
    picture.paste(BLUE, (0, 0, 40, 60))
    picture.save(path)
    return path


@pytest.mark.parametrize("more", [(), ("--tta",)])
def test_a_heat_map_shows_where_the_best_category_is_beside_the_answer(tmp_path: Path, more: tuple[str, ...]) -> None:
    tf_files, picture = write_colour_model(tmp_path / "tf", heat=True), half_and_half(tmp_path / "a.png")
    result = pigeonhole("guess", tf_files, picture, "--top", "1", "--heat-map", tmp_path / "heat.png", *more)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == pigeonhole("guess", tf_files, picture, "--top", "1", *more).stdout
    assert result.stdout.startswith("blue things")
    with Image.open(tmp_path / "heat.png") as drawn:
        brightness = np.asarray(drawn.convert("L")).mean(axis=0)
    assert brightness[:200].mean() > 2 * brightness[-100:].mean()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:60]), "unreadable: {}: it is "),
        (lambda path: path.write_text("not a picture"), "unreadable: {}: it is not a picture of a format"),
        (lambda path: path.write_bytes(b""), "unreadable: {}: the file is empty"),
    ],
)
def test_a_heat_map_of_what_cannot_be_read_is_not_written_and_said(
    tmp_path: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    tf_files, picture = write_colour_model(tmp_path / "tf", heat=True), half_and_half(tmp_path / "a.png")
    spoil(picture)
    result = called("guess", tf_files, picture, "--heat-map", tmp_path / "heat.png")
    assert result.returncode == 1
    assert result.stdout == ""
    assert sentence.format(picture) in result.stderr
    assert not (tmp_path / "heat.png").exists()


def test_a_heat_map_costs_one_reading_and_one_run_of_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Counting(ThreadDecoders):
        files = 0

        def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
            listed = list(items)
            Counting.files += len(listed)
            yield from super().decode(listed, preprocessing)

    runs = []
    model = read_model(colour_model(heat=True))

    run = model.network.run

    def watched(outputs: tuple[str, ...], pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        runs.append(outputs)
        return run(outputs, pixels)

    monkeypatch.setattr(model.network, "run", watched)
    found = find_named(half_and_half(tmp_path / "a.png"))
    answer = guess_with_heat(found, model, Counting())
    assert isinstance(answer, GuessWithHeat)
    assert (Counting.files, len(runs)) == (1, 1)
    assert answer.guess == next(guesses([found], model))
    assert answer.heat.mean() == pytest.approx(12 * 2 / 3, rel=0.05)


def test_a_model_without_heat_says_what_to_use_instead(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    result = called("guess", tf_files, pictures / "b.png", "--heat-map", tmp_path / "heat.png")
    assert result.returncode == 2
    assert result.stderr.strip().endswith("so there is no heat map. Use explain instead.")


def test_the_python_face_answers_and_refuses(tf_files: Path, pictures: Path) -> None:
    classifier = Classifier.load(tf_files / "model.onnx")
    assert classifier.labels == ("blue_things", "green_things", "red_things")
    guess = classifier.guess(str(pictures / "b.png"))
    assert (guess.label, guess.is_unknown) == ("green_things", False)
    (pictures / "text.jpg").write_text("not a picture")
    with pytest.raises(UnreadableError, match=r"text\.jpg: it is not a picture"):
        classifier.guess(pictures / "text.jpg")
    with pytest.raises(UnreadableError, match="No such file"):
        classifier.guess(pictures / "gone.jpg")
    with pytest.raises(ModelError, match="There is no model"):
        Classifier.load(pictures / "model.onnx")


def test_the_python_face_survives_a_picture_that_kills_its_decoder(
    tf_files: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Classifier.load(tf_files / "model.onnx") as classifier:
        monkeypatch.setattr(classifier, "_decoders", DecoderPool(1, decoder="decoder_stubs:obedient"))
        (pictures / "deadly.png").write_bytes(b"crash")
        with pytest.raises(UnreadableError, match=r"deadly\.png: it crashes the decoder"):
            classifier.guess(pictures / "deadly.png")
        classifier._decoders.close()
        monkeypatch.undo()
        assert classifier.guess(pictures / "b.png").label == "green_things"
    classifier.close()
