"""Model files of our form that do not do what their description says."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from models import LABELS, card, colour_model


def described(**metadata: str | None) -> bytes:
    """The colour model with other metadata; None takes an entry away."""
    model = onnx.load_model_from_string(colour_model())
    entries = {**card().to_metadata(), **metadata}
    helper.set_model_props(model, {key: value for key, value in entries.items() if value is not None})
    data: bytes = model.SerializeToString()
    return data


def answering(nodes: Sequence[NodeProto], constants: dict[str, np.ndarray] | None = None) -> bytes:
    """A model whose `probabilities` come out of `nodes`, which are given the true ones as `honest`."""
    model = onnx.load_model_from_string(colour_model())
    for node in model.graph.node:
        node.output[:] = ["honest" if name == "probabilities" else name for name in node.output]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in (constants or {}).items())
    data: bytes = model.SerializeToString()
    return data


def twice_as_many_rows() -> bytes:
    return answering([helper.make_node("Concat", ["honest", "honest"], ["probabilities"], axis=0)])


def one_row_for_all() -> bytes:
    node = helper.make_node("ReduceMean", ["honest", "first"], ["probabilities"], keepdims=1)
    return answering([node], {"first": np.array([0], np.int64)})


def for_one_picture_alone() -> bytes:
    node = helper.make_node("Reshape", ["honest", "shape"], ["probabilities"])
    return answering([node], {"shape": np.array([1, len(LABELS)], np.int64)})


def no_numbers() -> bytes:
    minus = [
        helper.make_node("Neg", ["honest"], ["negative"]),
        helper.make_node("Log", ["negative"], ["probabilities"]),
    ]
    return answering(minus)


def infinite() -> bytes:
    node = helper.make_node("Div", ["honest", "nothing"], ["probabilities"])
    return answering([node], {"nothing": np.array(0, np.float32)})


def no_probabilities() -> bytes:
    node = helper.make_node("Mul", ["honest", "three"], ["probabilities"])
    return answering([node], {"three": np.array(3, np.float32)})


def endless() -> bytes:
    """Its answer comes after 2^62 rounds."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go on"], ["goes on"]),
            helper.make_node("Mul", ["carried", "carried"], ["squared"]),
            helper.make_node("Sqrt", ["squared"], ["carries"]),
        ],
        "round",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("go on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carries", TensorProto.FLOAT, None),
        ],
    )
    node = helper.make_node("Loop", ["rounds", "yes", "honest"], ["probabilities"], body=body)
    return answering([node], {"rounds": np.array(2**62, np.int64), "yes": np.array(True)})


def gigabytes(count: int = 12) -> bytes:
    """A file of a few hundred bytes that makes a constant of so many GiB."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["ones"], value=helper.make_tensor("v", 1, [1], [1.0])),
        helper.make_node("ReduceMax", ["ones"], ["one"], keepdims=0),
        helper.make_node("Mul", ["honest", "one"], ["probabilities"]),
    ]
    return answering(nodes, {"shape": np.array([count * 2**28], np.int64)})


def lies_of_white_pictures() -> bytes:
    """It is well when it is tried out, and has no answer for a picture that is white all over."""
    nodes = [
        helper.make_node("ReduceMin", ["features", "second"], ["least"], keepdims=1),
        helper.make_node("Sub", ["white feature", "least"], ["greyness"]),
        helper.make_node("Div", ["greyness", "greyness"], ["one or no number"]),
        helper.make_node("Mul", ["honest", "one or no number"], ["probabilities"]),
    ]
    return answering(nodes, {"second": np.array([1], np.int64), "white feature": np.array(1, np.float32)})
