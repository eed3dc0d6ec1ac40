"""What is said of the time that fine-tuning would take."""

from pathlib import Path

import numpy as np
import pytest

from pictures import drawing, saved
from pigeonhole.backbones.frozen import load_backbone
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.dataset.split import split_by
from pigeonhole.finetuning import cost
from pigeonhole.output import Silent
from pigeonhole.text import duration_text
from pigeonhole.workspace import Workspace


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "2 seconds"),
        (40, "40 seconds"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (550, "9 minutes"),
        (3600, "60 minutes"),
        (3 * 3600, "3 hours"),
    ],
)
def test_a_time_is_said_as_a_person_would(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_estimate_grows_with_pictures_folds_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        path = tmp_path / "data" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(drawing(90 + number, 60), "PNG"))
    workspace = Workspace(tmp_path)
    weights = obtain_weights(workspace, "builtin", None)
    backbone = load_backbone(workspace, weights, None, read_dataset(workspace), Silent())
    assert cost.expected_seconds(backbone, split_by(np.arange(400) % 5, "", None), 400) > 0
    monkeypatch.setattr(cost, "_seconds_each", lambda _: 0.001)

    def expected(pictures: int, folds: int) -> float:
        return cost.expected_seconds(backbone, split_by(np.arange(pictures) % folds, "", None), pictures)

    assert expected(400, 5) == pytest.approx(2 * expected(200, 5))
    assert expected(400, 10) == pytest.approx(2 * expected(400, 5))
    assert expected(100_000, 5) == pytest.approx(expected(100_000, 2)), "of many pictures one fold is tuned"
