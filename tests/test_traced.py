"""A traced graph says what torch says, at any number of pictures, or it is not used."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.onnx_graph.pooled_maps import maps_behind
from pigeonhole.onnx_graph.traced import traced

SIZE = 32
MEAN, STD = (0.5, 0.4, 0.3), (0.3, 0.2, 0.1)


def convolutions() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 12, 3, 2), nn.SiLU()
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()


class OfTwo(nn.Module):
    """A batch size that becomes part of the graph."""

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.mean(dim=(2, 3)).reshape(int(pixels.shape[0]), 3) * 2


class WithoutCounterpart(nn.Module):
    """An operator that ONNX does not know."""

    def forward(self, pixels: Tensor) -> Tensor:
        unknown: Tensor = torch.special.i0e(pixels)
        return unknown.mean(dim=(2, 3))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_traced_network_says_what_torch_says_of_any_number_of_pictures(count: int) -> None:
    network = from_pixels(convolutions(), MEAN, STD)
    model = traced(network, SIZE)
    assert model is not None
    pixels = np.random.default_rng(count).integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels)).numpy()
    found = open_on_cpu(model.SerializeToString()).run([FEATURES], {INPUT: pixels})[0]
    assert np.abs(found - expected).max() < 1e-5
    assert not any(node.op_type == "Constant" for node in model.graph.node)
    assert maps_behind(model.SerializeToString()) is not None  # heat maps are made from it


@pytest.mark.parametrize("trunk", [OfTwo(), WithoutCounterpart()])
def test_what_tracing_cannot_tell_is_not_used_and_prints_nothing(
    trunk: nn.Module, capfd: pytest.CaptureFixture[str]
) -> None:
    assert traced(from_pixels(trunk, MEAN, STD), SIZE) is None
    assert capfd.readouterr() == ("", "")
