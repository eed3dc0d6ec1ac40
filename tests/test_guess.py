import json
import os
import re
from pathlib import Path

import pytest

from commands import pigeonhole
from pigeonhole import Classifier
from pigeonhole.errors import ModelError, UnreadableError
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
    result = pigeonhole("guess", tf_files, pictures / "c.png", "--top", "1")
    assert result.stdout == "blue things (score = 0.99998)\n"


def test_several_pictures_are_told_apart_by_their_names(tf_files: Path, pictures: Path) -> None:
    result = pigeonhole("guess", tf_files, pictures / "b.png", pictures / "c.png", "--top", "1")
    assert result.stdout.splitlines() == [
        *(f"{pictures / 'b.png'}:", "green things (score = 0.99998)", ""),
        *(f"{pictures / 'c.png'}:", "blue things (score = 0.99998)", ""),
    ]


def test_json_is_one_object_per_picture(tf_files: Path, pictures: Path) -> None:
    result = pigeonhole("guess", tf_files, *sorted(pictures.iterdir()), "--json")
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
    result = pigeonhole("guess", tf_files, odd, pictures / "c.png", "--top", "1")
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


def test_the_python_face_answers_and_refuses(tf_files: Path, pictures: Path) -> None:
    classifier = Classifier.load(tf_files / "model.onnx")
    assert classifier.labels == ("blue_things", "green_things", "red_things")
    guess = classifier.guess(str(pictures / "b.png"))
    assert guess.category == "green_things"
    (pictures / "text.jpg").write_text("not a picture")
    with pytest.raises(UnreadableError, match=r"text\.jpg: it is not a picture"):
        classifier.guess(pictures / "text.jpg")
    with pytest.raises(UnreadableError, match="No such file"):
        classifier.guess(pictures / "gone.jpg")
    with pytest.raises(ModelError, match="There is no model"):
        Classifier.load(pictures / "model.onnx")
