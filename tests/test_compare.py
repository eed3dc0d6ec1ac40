"""Several ways to learn, on the same pictures and the same split."""

import json
from io import StringIO
from pathlib import Path

import pytest
from PIL import Image

import tiny
from commands import called
from pigeonhole.compare.entry import Entry
from pigeonhole.compare.show import figure, table
from pigeonhole.recipes import small_cnn
from scenes import drawn
from tiny import TINY, write_tiny_weights
from trees import tree


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A TF_FILES after a comparison of all recipes, and what was printed as JSON."""
    tf_files = tmp_path_factory.mktemp("compared") / "tf files"
    for part, count in (("data", 8), ("valid", 4)):
        drawn(tf_files / part / "wide", range(count * 10, count * 11), (160, 100))
        drawn(tf_files / part / "tall", range(count * 20, count * 21), (100, 160))
    write_tiny_weights(tf_files / "weights" / f"{TINY}.pth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_cnn, "LEAST_STEPS", tiny.STEPS)
        result = called("compare", tf_files, "--json")
    assert result.returncode == 0, result.stderr
    return tf_files, result.stdout


def test_every_recipe_is_evaluated_on_the_same_pictures(compared: tuple[Path, str]) -> None:
    entries = [json.loads(line) for line in compared[1].splitlines()]
    assert [(each["recipe"], each["backbone"]) for each in entries] == [
        ("cnn", "small_cnn"),
        ("cnn-regularised", "small_cnn"),
        ("cnn-augmented", "small_cnn"),
        ("probe", TINY),
        ("finetune", TINY),
    ]
    for each in entries:
        assert each["total"] == 8
        assert each["low"] <= each["accuracy"] <= each["high"]
        assert each["seconds"] > 0
        assert each["rate"] > 1
        assert each["size"] > 10_000
    assert entries[4]["seconds"] > entries[3]["seconds"]  # it holds the probe that it starts from


def test_the_numbers_and_a_figure_are_kept_and_no_model_is_touched(compared: tuple[Path, str]) -> None:
    tf_files, printed = compared
    assert {name.split("/")[0] for name in tree(tf_files)} == {"data", "valid", "weights", "report"}
    kept = json.loads((tf_files / "report" / "compare.json").read_text())
    assert kept == [json.loads(line) for line in printed.splitlines()]
    with Image.open(tf_files / "report" / "compare.png") as opened:
        assert opened.size == (1350, 825)


def some(recipe: str, right: int, loss: float) -> Entry:
    return Entry(recipe, "resnet50", right, 100, loss, 12.3, 45.6, "CPU", 98_700_000)


def test_the_table_has_the_best_first() -> None:
    from rich.console import Console

    console = Console(width=120, record=True, file=StringIO())
    console.print(table([some("cnn", 60, 0.7), some("finetune", 90, 0.3), some("probe", 90, 0.2)]))
    lines = console.export_text().splitlines()
    heading = " ".join(lines[0].split())
    assert heading == "recipe backbone accuracy 95 % interval log loss training pictures/s model"
    assert [line.split()[0] for line in lines[1:]] == ["probe", "finetune", "cnn"]
    best = " ".join(lines[1].split())
    assert best == "probe resnet50 90.0 % 82.6 to 94.5 % 0.200 12 s 46 98.7 MB"


def test_a_figure_can_be_made_of_a_single_entry() -> None:
    assert figure([some("probe", 90, 0.2)]).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--recipe", "cnn", "--backbone", "resnet18"], "Only the recipes probe and finetune use a backbone."),
        (["--backbone", "resnet5"], "There is no network called 'resnet5' in torchvision."),
        (["--recipe", "magic"], "'magic' is not one of"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    drawn(tmp_path / "data" / "a", range(3))
    drawn(tmp_path / "data" / "b", range(10, 13))
    result = called("compare", tmp_path, *arguments)
    assert result.returncode == 2
    assert said in result.stderr
