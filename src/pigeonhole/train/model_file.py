"""The head is appended to the very graph that made the features: there is no second implementation to drift."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, numpy_helper

from pigeonhole.evaluation.feature_distance import FeatureDistance
from pigeonhole.evaluation.head import Head
from pigeonhole.model import ModelCard
from pigeonhole.model.tensors import DISTANCE, FEATURES, HEAT, PROBABILITIES
from pigeonhole.onnx_graph.pooled_maps import maps_behind

FROZEN = "frozen."  # before the names of the second network


def append_head(
    backbone: bytes, head: Head, card: ModelCard, known: FeatureDistance | None = None, frozen: bytes | None = None
) -> bytes:
    """The model file: `backbone` (pixels → features), then softmax((features · weight + bias) / temperature).

    With `known` it also answers how far a picture is from the training pictures: see FeatureDistance.distances. That is
    asked of the features of `frozen` (pixels → features), a second network in the same file, where the backbone was
    fine-tuned.
    """
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
    if maps := maps_behind(backbone):
        _append_heat(graph, maps, head, batch)
    if known is not None:
        embeddings = FEATURES
        if frozen is not None:
            embeddings = _append_network(model, frozen)
        _append_distance(graph, known, embeddings, batch)
    helper.set_model_props(model, card.to_metadata())
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _append_heat(graph: onnx.GraphProto, maps: str, head: Head, batch: str) -> None:
    """`heat` [N, C, H, W]: the head at every place of the tensor `maps`, without bias."""
    classes, width = head.weight.shape
    graph.initializer.append(numpy_helper.from_array(np.array([classes, width, 1, 1]), "heat.shape"))
    graph.node.extend(
        [
            helper.make_node("Reshape", ["head.weight", "heat.shape"], ["heat.kernel"], "heat.reshape"),
            helper.make_node("Conv", [maps, "heat.kernel"], [HEAT], "heat.conv"),
        ]
    )
    graph.output.append(helper.make_tensor_value_info(HEAT, TensorProto.FLOAT, [batch, classes, None, None]))


def _append_network(model: onnx.ModelProto, network: bytes) -> str:
    """Put `network` beside what is in `model`, looking at the same pixels. Returns what its features are called."""
    other = compose.add_prefix(onnx.load_model_from_string(network), FROZEN, rename_inputs=False)
    model.graph.node.extend(other.graph.node)
    model.graph.initializer.extend(other.graph.initializer)
    model.graph.value_info.extend(other.graph.value_info)
    known = {each.domain for each in model.opset_import}
    model.opset_import.extend(each for each in other.opset_import if each.domain not in known)
    model.functions.extend(other.functions)
    return FROZEN + FEATURES


def _append_distance(graph: onnx.GraphProto, known: FeatureDistance, embeddings: str, batch: str) -> None:
    """`distance` [N] of the tensor `embeddings`: the same arithmetic as FeatureDistance.distances, node by node."""
    graph.initializer.extend(
        [
            # Half as large a file; what is explained is right to 1e-3.
            numpy_helper.from_array(np.ascontiguousarray(known.directions, dtype=np.float16), "known.directions"),
            numpy_helper.from_array(np.array(known.energy, dtype=np.float32), "known.energy"),
            numpy_helper.from_array(np.array(known.slope, dtype=np.float32), "known.slope"),
            numpy_helper.from_array(np.array(1, dtype=np.float32), "known.one"),
            numpy_helper.from_array(np.array(0, dtype=np.float32), "known.zero"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "known.axis"),
        ]
    )
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("LpNormalization", [embeddings], "known.unit", {"axis": -1, "p": 2}),
        ("Cast", ["known.directions"], "known.wide", {"to": TensorProto.FLOAT}),
        ("MatMul", ["known.unit", "known.wide"], "known.parts", {}),
        ("ReduceSumSquare", ["known.parts", "known.axis"], "known.explained", {"keepdims": 0}),
        ("Sub", ["known.one", "known.explained"], "known.left", {}),
        ("Max", ["known.left", "known.zero"], "known.positive", {}),
        ("Sqrt", ["known.positive"], "known.residual", {}),
        ("ReduceLogSumExp", ["logits", "known.axis"], "known.logsumexp", {"keepdims": 0}),
        ("Sub", ["known.energy", "known.logsumexp"], "known.unusual", {}),
        ("Mul", ["known.unusual", "known.slope"], "known.moved", {}),
        ("Add", ["known.residual", "known.moved"], "known.sum", {}),
        ("Max", ["known.sum", "known.zero"], DISTANCE, {}),
    ]
    graph.node.extend(helper.make_node(kind, inputs, [to], to, **settings) for kind, inputs, to, settings in steps)
    graph.output.append(helper.make_tensor_value_info(DISTANCE, TensorProto.FLOAT, [batch]))


def _float32(array: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
