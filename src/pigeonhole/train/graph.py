"""The head is appended to the very graph that made the features: there is no second implementation to drift."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pigeonhole.model import ModelCard
from pigeonhole.model.load import FEATURES, PROBABILITIES
from pigeonhole.train.head import Head


def append_head(backbone: bytes, head: Head, card: ModelCard) -> bytes:
    """The model file: `backbone` (pixels → features), then softmax((features · weight + bias) / temperature)."""
    model = onnx.load_model_from_string(backbone)
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(_float32(head.weight), "head.weight"),
            numpy_helper.from_array(_float32(head.bias), "head.bias"),
            numpy_helper.from_array(_float32(np.array(head.temperature)), "head.temperature"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Gemm", [FEATURES, "head.weight", "head.bias"], ["logits"], "head.linear", transB=1),
            helper.make_node("Div", ["logits", "head.temperature"], ["head.tempered"], "head.temper"),
            helper.make_node("Softmax", ["head.tempered"], [PROBABILITIES], "head.softmax", axis=-1),
        ]
    )
    classes = head.weight.shape[0]
    batch = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    graph.output.insert(0, helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, [batch, classes]))
    helper.set_model_props(model, card.to_metadata())
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _float32(array: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
