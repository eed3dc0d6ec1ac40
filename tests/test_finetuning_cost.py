"""What is said of the time that fine-tuning would take."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pictures import drawing, saved
from pigeonhole.backbones import builtin
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.dataset.folders import Example, read_dataset
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
    backbone, examples = learning(tmp_path, (90, 60))
    assert cost.expected_seconds(backbone, split_by(np.arange(400) % 5, "", None), examples * 100) > 0
    monkeypatch.setattr(cost, "_learning", lambda _: 0.001)
    monkeypatch.setattr(cost, "_reading", lambda *_: 0.001)
    monkeypatch.setattr(cost, "SAVING", 0.0)

    def expected(pictures: int, folds: int) -> float:
        split = split_by(np.arange(pictures) % folds, "", None)
        return cost.expected_seconds(backbone, split, examples * (pictures // len(examples)))

    assert expected(400, 5) == pytest.approx(2 * expected(200, 5))
    assert expected(400, 10) == pytest.approx(2 * expected(400, 5))
    assert expected(100_000, 5) == pytest.approx(expected(100_000, 2)), "of many pictures one fold is tuned"
    alone = expected(400, 5)
    monkeypatch.setattr(cost, "SAVING", 1e-8)
    assert expected(400, 5) - alone == pytest.approx(6 * 10 * 1e-8 * len(backbone.onnx)), (
        "five folds, and all once more"
    )


def test_large_pictures_are_known_to_take_longer(tmp_path: Path) -> None:
    backbone, small = learning(tmp_path / "small", (90, 60))
    _, large = learning(tmp_path / "large", (1800, 1200))
    assert cost._reading(backbone, large) > 2 * cost._reading(backbone, small)  # 400 times the pixels


def test_what_layers_write_is_counted(tmp_path: Path) -> None:
    """The same as torch's own layers say, one by one."""
    backbone, _ = learning(tmp_path, (90, 60))
    written = 0

    def count(_: nn.Module, __: object, result: torch.Tensor) -> None:
        nonlocal written
        written += result[0].numel()

    network = builtin.network().eval()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 3, backbone.preprocessing.size, backbone.preprocessing.size))
    assert cost._results(backbone.onnx) == pytest.approx(written, rel=0.05)


def learning(folder: Path, size: tuple[int, int]) -> tuple[Backbone, tuple[Example, ...]]:
    """The built-in backbone and four pictures."""
    for number in range(4):
        path = folder / "data" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(drawing(size[0] + number, size[1]), "PNG"))
    workspace = Workspace(folder)
    weights, dataset = obtain_weights(workspace, "builtin", None), read_dataset(workspace)
    return load_backbone(workspace, weights, None, dataset, Silent()), dataset.examples
