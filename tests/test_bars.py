"""Whatever may take more than two seconds has a bar that moves, says how much is left, and comes to its end."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from commands import called
from pigeonhole.check import check
from pigeonhole.cli.training.evaluate import evaluate
from pigeonhole.evaluation.running import Evaluation
from pigeonhole.look.run import look
from pigeonhole.model import load_model
from pigeonhole.output import Recorder, Stage
from pigeonhole.placing import undo
from pigeonhole.train.run import TrainingOptions, train
from pigeonhole.workspace import Workspace
from scenes import drawn
from tiny import TINY, write_tiny_weights
from trees import RED, write_pictures

MAY_END_EARLY = "Looking for faces"  # where enough pictures have none


@dataclass
class Bars(Recorder):
    """Every bar: what it said, of how many things, and how many were done."""

    shown: list[tuple[str, int | None, int]] = field(default_factory=list)

    @contextmanager
    def stage(self, title: str, total: int | None) -> Iterator[Stage]:
        with super().stage(title, total) as advance:
            yield advance
        self.shown.append((title, total, self.stages[title]))

    @property
    def titles(self) -> set[str]:
        return {title for title, _, _ in self.shown}

    @property
    def broken_off(self) -> list[tuple[str, int | None, int]]:
        return [bar for bar in self.shown if bar[1] != bar[2] and bar[0] != MAY_END_EARLY]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bars]:
    tf_files = tmp_path_factory.mktemp("tf files")
    drawn(tf_files / "data" / "wide", range(24), (160, 100))
    drawn(tf_files / "data" / "tall", range(100, 124), (100, 160))
    write_tiny_weights(tf_files / "weights" / f"{TINY}.pth")
    bars = Bars()
    train(Workspace(tf_files), TrainingOptions(), bars)
    return tf_files, bars


def test_the_bars_of_a_training_come_to_their_end(trained: tuple[Path, Bars]) -> None:
    _, bars = trained
    assert bars.titles >= {
        "Reading pictures",
        f"Exporting {TINY}",
        "Looking at pictures",
        "Comparing pictures",
        "Looking for near-duplicates",
        "Learning",
        "Finishing the model",
        "Counting answers",
        "Looking for wrong labels",
        "Drawing the report",
    }
    assert bars.broken_off == []


def test_no_step_of_a_training_stands_for_the_whole(trained: tuple[Path, Bars]) -> None:
    """A bar of one or two steps would say nothing until it is done."""
    few = {title: total for title, total, _ in trained[1].shown if total and total < 4}
    assert set(few) <= {"Comparing pictures", "Looking for near-duplicates"}  # which have a step for every 512 pairs


def test_the_bars_of_a_check_come_to_their_end(trained: tuple[Path, Bars], tmp_path: Path) -> None:
    tf_files = shutil.copytree(trained[0], tmp_path / "tf files")
    bars = Bars()
    check(Workspace(tf_files), backbone=None, weights=None, seed=0, output=bars)
    assert bars.titles >= {"Comparing pictures", "Looking for near-duplicates", "Learning", "Looking for wrong labels"}
    assert bars.broken_off == []


def test_the_bars_of_a_page_on_the_pictures_come_to_their_end(trained: tuple[Path, Bars], tmp_path: Path) -> None:
    tf_files = shutil.copytree(trained[0], tmp_path / "tf files")
    bars = Bars()
    look(Workspace(tf_files), bars)
    assert bars.titles >= {"Reading pictures", "Looking at pictures", "Comparing pictures"}
    assert bars.broken_off == []


def test_an_evaluation_says_how_much_is_left(trained: tuple[Path, Bars], tmp_path: Path) -> None:
    tf_files = trained[0]
    shutil.copytree(tf_files / "data", tmp_path / "in")
    (tmp_path / "in" / "wide" / "no picture.png").write_text("this is text")
    (tmp_path / "in" / ".hidden.png").write_text("nor is this one")
    bars = Bars()
    model = load_model(tf_files / "model.onnx")
    for _ in evaluate(tmp_path / "in", model, Evaluation(model.card.labels), bars):
        pass
    assert bars.shown == [("Evaluating", 50, 50)]


def test_an_undo_says_how_much_is_left(tf_files: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {f"{number}.png": RED for number in range(40)})
    assert called("guess-dir", tf_files, tmp_path / "in", tmp_path / "out").returncode == 0
    bars = Bars()
    assert len(list(undo(tmp_path / "out", output=bars))) == 40
    assert bars.shown == [("Undoing", 40, 40)]
