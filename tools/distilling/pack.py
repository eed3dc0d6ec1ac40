"""The learnt network → one small ONNX file: its convolutions' weights as int8, a scale for each output channel.

A Cast and a Mul make them float again, which any runtime does once, when it loads the file.
"""

import json
from dataclasses import asdict

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from pigeonhole.backbones.builtin import LEVELS, SCALE
from pigeonhole.backbones.builtin_network import BuiltinNetwork, folded
from pigeonhole.backbones.torchvision_models import IMAGENET_MEAN, IMAGENET_STD
from pigeonhole.backbones.weights import BUILTIN
from pigeonhole.images import Preprocessing
from pigeonhole.onnx_graph.from_torch import to_onnx

LARGEST = 127


class _FromPixels(nn.Module):
    """uint8 [N, S, S, 3] RGB, 0–255 → what `trunk` makes of the normalised picture.

    The channels come first: as quick as row by row (onnx_graph/from_torch.py), and no tensor depends on S.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None] * 255)
        self.register_buffer("std", torch.tensor(IMAGENET_STD)[:, None, None] * 255)

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.trunk((pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std)
        return features


def packed(student: BuiltinNetwork, size: int) -> bytes:
    """uint8 [N, size, size, 3] RGB, 0–255 → features float32 [N, D], as a model file without a head."""
    model = to_onnx(_FromPixels(folded(student)).eval(), size)
    graph = model.graph
    wide = [each for each in graph.initializer if len(each.dims) == 4]
    nodes = []
    for each in wide:
        name, weight = each.name, numpy_helper.to_array(each)
        scale = np.maximum(np.abs(weight).max(axis=(1, 2, 3), keepdims=True), 1e-12) / LARGEST
        graph.initializer.remove(each)
        graph.initializer.append(numpy_helper.from_array(np.rint(weight / scale).astype(np.int8), name + LEVELS))
        graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), name + SCALE))
        nodes += [
            helper.make_node("Cast", [name + LEVELS], [f"{name}.cast"], f"{name}.cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.cast", name + SCALE], [name], f"{name}.unpack"),
        ]
    everything = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(everything)
    preprocessing = json.dumps(asdict(Preprocessing(size=size)))
    helper.set_model_props(model, {"preprocessing": preprocessing, "backbone": BUILTIN})
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
