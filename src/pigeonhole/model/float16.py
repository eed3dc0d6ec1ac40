"""The network of a model file in float16, for GPUs: half the bytes, and the matrix units' native type.

It is made while the file is loaded, so that there is no second file that could be another model's. Whether it may be
used stands in the file: training has compared its answers (see `comparison`).
"""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

Answers = tuple[NDArray[np.floating], NDArray[np.floating] | None]  # probabilities [N, C], distances [N]
ENTRY = "float16"  # of the metadata
TOLERANCE = 1e-2  # how far a probability may move, and the square of a distance
# The head and what is asked of it stay float32: they cost next to nothing, and scores are compared with limits.
KEPT = ("head.", "heat.", "known.", "distance")


def float16_variant(data: bytes) -> bytes | None:
    """The model file `data` with its network in float16; None where training did not find that its answers stay, or
    where the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        return None
    try:
        model = onnx.load_model_from_string(data)
    except Exception:  # protobuf's own; the caller opens the file itself and says what is wrong with it
        return None
    entries = {entry.key: entry.value for entry in model.metadata_props}
    if not may_be_used(json.loads(entries.get(ENTRY, "null"))):
        return None
    return in_float16(model)


def in_float16(model: "onnx.ModelProto") -> bytes:
    """`model` with weights and activations in float16 and the same inputs and outputs; it is changed in place."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    # The head is put aside meanwhile: told to keep some nodes, the converter gives several casts one name.
    graph = model.graph
    head = [node for node in graph.node if node.name.startswith(KEPT)]
    trunk = [node for node in graph.node if not node.name.startswith(KEPT)]
    outputs = list(graph.output)
    used = {name for node in trunk for name in node.input}
    of_head = [each for each in graph.initializer if each.name not in used]
    asked_for = {name for node in head for name in node.input} | {output.name for output in outputs}
    crossing = [name for node in trunk for name in node.output if name in asked_for]
    _set(graph, trunk, [each for each in graph.initializer if each.name in used],
         [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in crossing])  # fmt: skip
    converted = convert_float_to_float16(model, keep_io_types=True)
    graph = converted.graph
    _set(graph, [*graph.node, *head], [*graph.initializer, *of_head], outputs)
    data: bytes = converted.SerializeToString()
    return data


def _set(
    graph: "onnx.GraphProto",
    nodes: "list[onnx.NodeProto]",
    initializers: "list[onnx.TensorProto]",
    outputs: "list[onnx.ValueInfoProto]",
) -> None:
    for field, values in ((graph.node, nodes), (graph.initializer, initializers), (graph.output, outputs)):
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(copies)


def comparison(exact: Answers, half: Answers) -> dict[str, Any]:
    """Two answers to the same pictures, float32's and float16's, for the metadata: how many have the `same` best
    category, and how far any probability and the square of any distance has `moved`.
    """
    (probabilities, distances), (probabilities_too, distances_too) = exact, half
    moved = {"scores": _largest(probabilities, probabilities_too)}
    if distances is not None and distances_too is not None:  # squared: near 0 the root makes much of the last digits
        moved["squared distances"] = _largest(np.square(distances), np.square(distances_too))
    same = int((probabilities.argmax(axis=1) == probabilities_too.argmax(axis=1)).sum())
    return {"same": same, "total": len(probabilities), "moved": moved}


def may_be_used(compared: dict[str, Any] | None) -> bool:
    """Whether every answer stayed, with its score and distance within TOLERANCE."""
    if not compared:
        return False
    return bool(compared["same"] == compared["total"] and max(compared["moved"].values()) <= TOLERANCE)


def _largest(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(np.abs(one - other).max()) if np.isfinite(other).all() else float(np.finfo(np.float32).max)
