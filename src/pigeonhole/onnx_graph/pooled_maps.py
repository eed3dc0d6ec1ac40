"""Which tensor of a network's graph its features are the mean of: then the head can be asked at every place.

Zhou et al. 2016, "Learning Deep Features for Discriminative Localization" (arXiv 1512.04150).
"""

import numpy as np
import onnx

from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import FEATURES, INPUT

TOLERANCE = 1e-4  # of the largest feature
TRIED = 4  # the last maps of a graph


def maps_behind(network: bytes) -> str | None:
    """The name of a tensor [N, D, H, W] in `network` (pixels → features [N, D]) of which the features are the mean.

    None where there is none, as in networks with several linear layers. Found by trying, not by the names of nodes.
    """
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(network))
    size = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    shapes = {each.name: _shape(each) for each in (*model.graph.value_info, *model.graph.output)}
    made = [name for node in model.graph.node for name in node.output if len(shapes.get(name, ())) == 4]
    width = shapes.get(FEATURES, ())[-1:]
    candidates = [name for name in made if shapes[name][1:2] == width and min(shapes[name][2:]) > 1][-TRIED:]
    if not candidates:
        return None
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in candidates)
    pixels = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.uint8)
    features, *maps = open_on_cpu(model.SerializeToString()).run([FEATURES, *candidates], {INPUT: pixels})
    for name, some in reversed(list(zip(candidates, maps, strict=True))):
        if np.abs(some.mean(axis=(2, 3)) - features).max() <= TOLERANCE * max(1.0, float(np.abs(features).max())):
            return str(name)
    return None


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """0 for a dimension that may be any."""
    return tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
