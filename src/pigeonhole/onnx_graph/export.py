"""A torch network that takes pixels → ONNX, by the quicker of two exporters that can."""

import onnx
from torch import nn

from pigeonhole.onnx_graph.from_torch import FromPixels, to_onnx
from pigeonhole.onnx_graph.traced import traced


def exported(network: nn.Module, size: int) -> onnx.ModelProto:
    """`network` as one ONNX graph `pixels` (uint8 [N, S, S, 3]) → `features` (float32 [N, D]), any N; it says what
    torch says.
    """
    model = traced(network, size) if isinstance(network, FromPixels) else None
    return model or to_onnx(network, size)
