"""A real model file without training: it answers which of red, green and blue a picture has most of."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from pigeonhole.images import Preprocessing
from pigeonhole.model import ModelCard

LABELS = ("blue_things", "green_things", "red_things")
SIZE = 32


def colour_model(sharpness: float = 12.0, *, min_score: float | None = None, heat: bool = False) -> bytes:
    """An ONNX file of our form: features are the mean R, G and B (0 to 1), logits `sharpness` times these.

    With `min_score`, answers with a lower score are unknown. With `heat`, it tells which places speak for a category.
    """
    head = (np.eye(3, dtype=np.float32)[:, ::-1] * sharpness).copy()  # the labels are in the order B, G, R
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["means"], keepdims=0),
        helper.make_node("Div", ["means", "white"], ["features"]),
        helper.make_node("MatMul", ["features", "head"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    outputs = [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3]),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 3]),
    ]
    if heat:
        nodes += [
            helper.make_node("Div", ["floats", "white"], ["shares"]),
            helper.make_node("MatMul", ["shares", "head"], ["logits everywhere"]),
            helper.make_node("Transpose", ["logits everywhere"], ["heat"], perm=[0, 3, 1, 2]),
        ]
        outputs.append(helper.make_tensor_value_info("heat", TensorProto.FLOAT, ["N", 3, SIZE, SIZE]))
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
        outputs,
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(np.array(255, np.float32), "white"),
            numpy_helper.from_array(head, "head"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    unknown = None if min_score is None else {"min_score": min_score, "max_distance": None}
    helper.set_model_props(model, card(unknown).to_metadata())
    data: bytes = model.SerializeToString()
    return data


def card(unknown: dict[str, Any] | None = None) -> ModelCard:
    return ModelCard(
        labels=LABELS,
        preprocessing=Preprocessing(size=SIZE, fraction=1.0),
        recipe="made by hand",
        backbone={"name": "mean colour", "weights": "none", "sha256": ""},
        temperature=1.0,
        unknown=unknown,
        metrics={},
        training_set="",
        version="0",
        created="2026-01-01T00:00:00+00:00",
    )


def write_colour_model(
    folder: Path, sharpness: float = 12.0, *, min_score: float | None = None, heat: bool = False
) -> Path:
    """`folder`/model.onnx; `folder` is made, and returned as what a user calls TF_FILES."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(colour_model(sharpness, min_score=min_score, heat=heat))
    return folder
