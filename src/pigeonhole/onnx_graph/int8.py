"""A float32 network → the same in int8."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from pigeonhole.model.tensors import INPUT
from pigeonhole.onnx_graph.quiet import quiet
from pigeonhole.output import Stage


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Pictures uint8 [K, S, S, 3], one by one; `advance` is called for each."""

    def __init__(self, pixels: NDArray[np.uint8], advance: Stage) -> None:
        self._inputs = self._one_by_one(pixels, advance)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        return next(self._inputs, None)

    @staticmethod
    def _one_by_one(pixels: NDArray[np.uint8], advance: Stage) -> Iterator[dict[str, NDArray[np.uint8]]]:
        for picture in pixels:
            yield {INPUT: picture[None]}
            advance()


def quantized(network: bytes, pixels: NDArray[np.uint8], advance: Stage) -> bytes:
    """`network` (an ONNX file, `pixels` → `features`) with its layers in int8.

    Weights are QInt8 for each channel, activations QUInt8, which is what x86 multiplies fastest. How much an activation
    has to hold is taken from `pixels` [K, S, S, 3], pictures like those to come: the least and the most of each
    picture, on average, since for the sake of one odd picture all others would be seen more coarsely. The same pictures
    give the same bytes. Pixels go in and features come out as before.
    """
    original = onnx.load_model_from_string(network)
    with TemporaryDirectory() as place, quiet("root"):
        source, prepared, result = (Path(place) / name for name in ("source.onnx", "prepared.onnx", "result.onnx"))
        source.write_bytes(network)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)  # folds what can be folded, and infers shapes
        quantize_static(
            prepared,
            result,
            _Pictures(pixels, advance),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"CalibMovingAverage": True},
        )
        model = onnx.load(result)
    # The tools put their own entries in place of ours, and name every domain that they know.
    del model.metadata_props[:]
    helper.set_model_props(model, {entry.key: entry.value for entry in original.metadata_props})
    used = {node.domain for node in model.graph.node}
    kept = [each for each in model.opset_import if each.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
