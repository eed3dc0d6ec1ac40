"""A convolutional torch network → ONNX by tracing: half a second, of which torch's newer exporter takes seven."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.from_torch import FromPixels
from pigeonhole.onnx_graph.quiet import quiet

NORMALISED = "normalised"  # float32 [N, 3, S, S]
TOLERANCE = 1e-4  # of the largest feature
OPSET = 20  # that of the newer exporter
BATCHES = (1, 3)  # pictures, at which torch has to say the same: tracing took two


def traced(network: FromPixels, size: int) -> onnx.ModelProto | None:
    """`network` as one graph `pixels` (uint8 [N, S, S, 3]) → `features` (float32 [N, D]).

    None where tracing fails, or where its graph says something else than torch, such as where it fixes the batch size.
    """
    names = {NORMALISED: {0: "N"}, FEATURES: {0: "N"}}
    try:
        with TemporaryDirectory() as folder, warnings.catch_warnings(), quiet("torch.onnx"), _nothing_printed():
            warnings.simplefilter("ignore")  # of the exporter to its developers
            torch.onnx.export(
                network.trunk,
                (torch.zeros((2, 3, size, size)),),
                f"{folder}/traced.onnx",
                dynamo=False,
                opset_version=OPSET,
                input_names=[NORMALISED],
                output_names=[FEATURES],
                dynamic_axes=names,
            )
            model = onnx.load(f"{folder}/traced.onnx")
    except Exception:  # of what it cannot export it says so in many ways; the other exporter can
        return None
    _name_constants(model.graph)
    _mean_over_places(model.graph)
    _begin_with_pixels(model.graph, network.mean, network.std, size)
    return model if _agrees(model, network, size) else None


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Where an operator is missing, C++ prints a whole graph to standard output, which is for answers."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _name_constants(graph: onnx.GraphProto) -> None:
    """Constants as initialisers, as every other graph has them."""
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(node.attribute[0].t), node.output[0]))
        graph.node.remove(node)


def _mean_over_places(graph: onnx.GraphProto) -> None:
    """Pooling as a mean, which int8 leaves alone: features in 256 steps tell less."""
    graph.initializer.append(numpy_helper.from_array(np.array([2, 3]), "places"))
    for node in graph.node:
        if node.op_type == "GlobalAveragePool":
            node.op_type = "ReduceMean"
            node.input.append("places")


def _begin_with_pixels(graph: onnx.GraphProto, mean: Tensor, std: Tensor, size: int) -> None:
    """The normalisation in front, row by row: see from_torch.py."""
    arrays = {
        "pixels.rows": np.array([0, size, 3 * size]),
        "pixels.colours": np.array([0, size, size, 3]),
        "pixels.mean": mean.repeat(size).numpy(),
        "pixels.std": std.repeat(size).numpy(),
    }
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in arrays.items())
    nodes = [
        helper.make_node("Reshape", [INPUT, "pixels.rows"], ["pixels.flat"], "pixels.flatten"),
        helper.make_node("Cast", ["pixels.flat"], ["pixels.float"], "pixels.cast", to=TensorProto.FLOAT),
        helper.make_node("Sub", ["pixels.float", "pixels.mean"], ["pixels.centred"], "pixels.centre"),
        helper.make_node("Div", ["pixels.centred", "pixels.std"], ["pixels.scaled"], "pixels.scale"),
        helper.make_node("Reshape", ["pixels.scaled", "pixels.colours"], ["pixels.square"], "pixels.unflatten"),
        helper.make_node("Transpose", ["pixels.square"], [NORMALISED], "pixels.transpose", perm=[0, 3, 1, 2]),
    ]
    for number, node in enumerate(nodes):
        graph.node.insert(number, node)
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", size, size, 3]))


def _agrees(model: onnx.ModelProto, network: FromPixels, size: int) -> bool:
    for count in BATCHES:
        pixels = np.random.default_rng(count).integers(0, 256, (count, size, size, 3)).astype(np.uint8)
        with torch.inference_mode():
            expected = network(torch.from_numpy(pixels)).numpy()
        try:
            found = open_on_cpu(model.SerializeToString()).run([FEATURES], {INPUT: pixels})[0]
        except Exception:  # onnxruntime's exceptions have no base of their own
            return False
        if found.shape != expected.shape:
            return False
        if not np.abs(found - expected).max() <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
            return False
    return True
