"""How good is a model on a labelled folder: the figures are right, and every picture is accounted for."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from commands import called
from trees import BLUE, GREEN, RED, tree, write_pictures


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Five red, three green and two blue pictures; one of the red ones is really green, one of the blue ones red."""
    folder = tmp_path / "labelled"
    write_pictures(folder / "red_things", {f"{number}.png": RED for number in range(4)} | {"hidden.png": GREEN})
    write_pictures(folder / "green_things", {f"{number}.png": GREEN for number in range(3)})
    write_pictures(folder / "blue_things", {"0.png": BLUE, "1.png": RED})
    return folder


def test_accuracy_precision_and_recall_are_those_of_the_folder(tf_files: Path, labelled: Path) -> None:
    result = called("evaluate", tf_files, labelled, "--json")
    assert result.returncode == 0
    *rows, summary = [json.loads(line) for line in result.stdout.splitlines()]
    truths, answers = [row["truth"] for row in rows], [row["category"] for row in rows]
    assert len(rows) == summary["total"] == 10
    assert (summary["right"], summary["accuracy"]) == (8, 0.8)
    assert summary["low"] == pytest.approx(0.490, abs=1e-3)  # Wilson's interval of 8 in 10
    assert summary["high"] == pytest.approx(0.943, abs=1e-3)
    for category, figures in summary["categories"].items():
        for name, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
            expected = score(truths, answers, labels=[category], average="macro", zero_division=0)
            assert figures[name] == pytest.approx(expected), (category, name)
    assert {row["picture"]: row["ok"] for row in rows if not row["ok"]} == {
        "red_things/hidden.png": False,
        "blue_things/1.png": False,
    }


def test_people_read_sentences_a_table_and_the_worst_mistakes(tf_files: Path, labelled: Path) -> None:
    lines = called("evaluate", tf_files, labelled).stdout.splitlines()
    assert lines[0] == "Accuracy: 80.0 % (8 of 10 pictures; 95 % confidence interval 49.0 to 94.3 %)."
    table = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("red", "green", "blue"))}
    assert table["red_things"] == ["5", "80.0", "%", "80.0", "%", "80.0", "%"]
    assert table["green_things"] == ["3", "75.0", "%", "100.0", "%", "85.7", "%"]
    wrong = [line.removeprefix("  mistake: ") for line in lines if line.startswith("  mistake: ")]
    assert {line.split(" answered with ")[0] for line in wrong} == {"blue_things/1.png", "red_things/hidden.png"}


def test_a_markdown_table_has_a_line_for_every_picture_with_ok_or_ng(tf_files: Path, labelled: Path) -> None:
    write_pictures(labelled / "red_things", {"a|b *c*.png": RED})
    result = called("evaluate", tf_files, labelled, "--markdown")
    header, rule, *lines = result.stdout.splitlines()
    assert header == "| picture | truth | ranking | |"
    assert rule == "|---|---|---|---|"
    assert len(lines) == 11
    assert sum(line.endswith("| OK |") for line in lines) == 9
    assert sum(line.endswith("| NG |") for line in lines) == 2
    assert any(line.startswith("| red\\_things/a\\|b \\*c\\*.png | red\\_things | red\\_things 0.9") for line in lines)
    assert "(9 of 11 pictures; " in result.stderr


def test_a_spreadsheet_gets_the_same_in_columns(tf_files: Path, labelled: Path) -> None:
    write_pictures(labelled / "green_things", {'quo"te, and comma.png': GREEN})
    rows = list(csv.DictReader(StringIO(called("evaluate", tf_files, labelled, "--csv").stdout)))
    assert len(rows) == 11
    by_name = {row["picture"]: row for row in rows}
    row = by_name['green_things/quo"te, and comma.png']
    assert (row["truth"], row["answer"], row["ok"]) == ("green_things", "green_things", "OK")
    assert by_name["blue_things/1.png"]["ok"] == "NG"
    assert row["ranking"].split(" ")[0].startswith("green_things=0.9")


def test_a_flat_folder_gets_scores_and_no_accuracy(tf_files: Path, tmp_path: Path) -> None:
    flat = write_pictures(tmp_path / "flat", {"a.png": RED, "b.png": BLUE})
    result = called("evaluate", tf_files, flat, "--json")
    *rows, summary = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["truth"], row["ok"]) for row in rows] == [(None, None)] * 2
    assert summary["unlabelled"] == 2
    assert "accuracy" not in summary
    said = called("evaluate", tf_files, flat, "--no-report").stdout
    assert said == "2 pictures are not in a category folder and not scored.\n"


def test_pictures_of_no_category_are_counted_apart(tf_files: Path, labelled: Path) -> None:
    write_pictures(labelled / "others", {"x.png": RED, "y.png": BLUE})
    result = called("evaluate", tf_files, labelled)
    assert result.stdout.startswith("Accuracy: 80.0 % (8 of 10 pictures; ")
    assert "0 of 2 pictures that belong to no category were answered with unknown." in result.stdout


def test_what_cannot_be_read_is_named_and_the_rest_evaluated(tf_files: Path, labelled: Path) -> None:
    (labelled / "red_things" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    before = tree(labelled)
    result = called("evaluate", tf_files, labelled)
    assert result.returncode == 1
    assert "broken.jpg" in result.stderr
    assert result.stdout.startswith("Accuracy: 80.0 % (8 of 10 pictures; ")
    assert tree(labelled) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 2, "There is no folder nowhere."),
        (["a", "b", "c"], 2, "Expected one or two folders"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(tf_files: Path, arguments: list[str], code: int, said: str) -> None:
    result = called("evaluate", *arguments) if len(arguments) > 1 else called("evaluate", tf_files, *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert said in result.stderr


def test_an_empty_folder_is_nothing_to_do(tf_files: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = called("evaluate", tf_files, tmp_path / "empty")
    assert result.returncode == 4
    assert "There is no picture in" in result.stderr
    assert not (tf_files / "report").exists(), "nothing is left of a report that was not made"
