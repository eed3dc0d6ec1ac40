"""A torch network → ONNX that takes raw pixels."""

import warnings

import onnx
import torch
from torch import Tensor, nn

from pigeonhole.errors import PigeonholeError
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.quiet import quiet


class FromPixels(nn.Module):
    """uint8 [N, S, S, 3] RGB, 0–255 → normalised float32 [N, 3, S, S] → `trunk`."""

    mean: Tensor
    std: Tensor

    def __init__(self, trunk: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.trunk = trunk
        self.register_buffer("mean", torch.tensor(mean) * 255)
        self.register_buffer("std", torch.tensor(std) * 255)

    def forward(self, pixels: Tensor) -> Tensor:
        # Row by row: for a mean of three values onnxruntime calculates three at a time, which takes as long as several
        # layers. It is the same arithmetic.
        width = pixels.shape[2]
        normalised = (pixels.flatten(2).float() - self.mean.repeat(width)) / self.std.repeat(width)
        features: Tensor = self.trunk(torch.unflatten(normalised, 2, (width, 3)).permute(0, 3, 1, 2))
        return features


def from_pixels(trunk: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> FromPixels:
    """`trunk` with the normalisation in front of it: uint8 [N, S, S, 3] RGB, 0–255 → float32 [N, D]."""
    return FromPixels(trunk, mean, std).eval()


def to_onnx(network: nn.Module, size: int) -> onnx.ModelProto:
    """`network` (uint8 [N, S, S, 3] → float32 [N, D]) as one ONNX graph `pixels` → `features`, any N."""
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    with warnings.catch_warnings(), quiet("torch.onnx", "onnxscript"):
        warnings.simplefilter("ignore")  # of the exporter to its developers; the result is compared with torch below
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            external_data=False,
            dynamic_shapes={"pixels": {0: torch.export.Dim("N")}},
            input_names=[INPUT],
            output_names=[FEATURES],
            verbose=False,
        )
    if program is None:  # says the signature; with dynamo it always returns one
        raise PigeonholeError("torch exported nothing.")
    model: onnx.ModelProto = program.model_proto
    _forget_origin(model)
    return model


def _forget_origin(model: onnx.ModelProto) -> None:
    """The exporter notes file names and source lines of this machine on every node."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        value.ClearField("doc_string")
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
