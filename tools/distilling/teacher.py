"""The network that is learnt from: torchvision's mobilenet_v2, which sees 224 × 224 pixels."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from torch import nn
from torchvision.models import MobileNetV2

from distilling.views import Seen
from pigeonhole.backbones.torchvision_models import IMAGENET_MEAN, IMAGENET_STD
from pigeonhole.model import open_session
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.from_torch import from_pixels, to_onnx

SIZE = 224


def teacher_network(weights: Path | None) -> MobileNetV2:
    """With its thousand logits. `weights` None: random ones, for trying the machinery."""
    torch.manual_seed(0)
    network = MobileNetV2()
    if weights is not None:
        network.load_state_dict(torch.load(weights, weights_only=True))
    return network.eval()


def pooled(network: MobileNetV2) -> nn.Module:
    """float32 [N, 3, S, S], normalised → features [N, 1280], the mean of the last maps."""
    return nn.Sequential(network.features, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def as_seen(network: MobileNetV2, size: int) -> Seen:
    """A function uint8 [N, size, size, 3] → features float32 [N, 1280]. By onnxruntime, which is quicker than torch.

    The network is exported when the function is first called: a run whose views are made already never does.
    """

    @cache
    def session() -> InferenceSession:
        graph = to_onnx(from_pixels(pooled(network), IMAGENET_MEAN, IMAGENET_STD), size)
        return open_session(graph.SerializeToString())

    def seen(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        features: NDArray[np.float32] = session().run([FEATURES], {INPUT: pixels})[0]
        return features

    return seen
