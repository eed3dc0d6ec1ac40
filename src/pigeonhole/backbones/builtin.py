"""The backbone that comes with pigeonhole: see docs/builtin-backbone.md for what it is and how it was made."""

from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pigeonhole.backbones.weights import BUILTIN_FILE

if TYPE_CHECKING:
    from pigeonhole.backbones.builtin_network import BuiltinNetwork

LEVELS, SCALE = ".int8", ".scale"  # of a packed weight: int8 [O, I, K, K] and float32 [O, 1, 1, 1]
TRUNK = "trunk."  # before the names of the network's weights in the graph


def unpacked(data: bytes, size: int | None = None) -> bytes:
    """The same graph, `pixels` → `features`, with float32 weights, as every other backbone has them.

    Tools that quantise or merge graphs expect a weight to be a tensor and not the result of a node. With `size` it
    takes pictures of that edge in pixels; it is made of convolutions and a mean, to which any will do.
    """
    model = onnx.load_model_from_string(data)
    graph = model.graph
    weights = _weights(graph)
    made = {output for name in weights for output in (name, f"{name}.cast")}
    nodes = [node for node in graph.node if node.output[0] not in made]
    others = [each for each in graph.initializer if not each.name.endswith((LEVELS, SCALE))]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*others, *(numpy_helper.from_array(array, name) for name, array in weights.items())])
    if size:
        for dimension in graph.input[0].type.tensor_type.shape.dim[1:3]:
            dimension.dim_value = size
        del graph.value_info[:]  # they told of the other size
    result: bytes = model.SerializeToString()
    return result


def network() -> "BuiltinNetwork":
    """The same in torch: float32 [N, 3, S, S], normalised → [N, D]."""
    import torch

    from pigeonhole.backbones.builtin_network import BuiltinNetwork

    graph = onnx.load_model_from_string(BUILTIN_FILE.read_bytes()).graph
    arrays = _weights(graph) | {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    whole = BuiltinNetwork()
    whole.load_state_dict({name: torch.tensor(arrays[TRUNK + name]) for name in whole.state_dict()})
    return whole


def _weights(graph: onnx.GraphProto) -> dict[str, NDArray[np.float32]]:
    """The packed weights of `graph` as float32, by name."""
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    return {
        name.removesuffix(LEVELS): levels.astype(np.float32) * arrays[name.removesuffix(LEVELS) + SCALE]
        for name, levels in arrays.items()
        if name.endswith(LEVELS)
    }
