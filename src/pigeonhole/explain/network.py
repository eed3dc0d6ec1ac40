"""The torch network of a model file, as it was trained."""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from pigeonhole.backbones import registry
from pigeonhole.backbones.state_dict import fill_in, read_state_dict
from pigeonhole.backbones.weights import builtin_weights, weights_in
from pigeonhole.errors import ModelError, WeightsError
from pigeonhole.evaluation.head import Head
from pigeonhole.files import digest
from pigeonhole.files.source import is_file
from pigeonhole.finetuning.loop import Tuned
from pigeonhole.model import Model, model_bytes
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.recipes import small_cnn
from pigeonhole.recipes.saved_network import network_file
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

AGREED = 0.02  # of a probability, by which torch and the model file may differ
AGREED_IN_INT8 = 0.1  # torch has the float32 network that it was made from


@dataclass(frozen=True, slots=True)
class Explained:
    """`network`: uint8 [N, S, S, 3] → logits [N, C], in torch, with gradients; `labels` name the C categories."""

    network: Tuned
    labels: tuple[str, ...]


def torch_network(workspace: Workspace, model: Model) -> Explained:
    """The network behind the model file, from its weights in `workspace`. Raises ModelError where they are gone."""
    data = model_bytes(workspace.model)
    head = _head(data)
    trunk = _trunk(workspace, digest(data), model)
    return Explained(Tuned(trunk, head).eval(), model.card.labels)


def check_agreement(
    explained: Explained, model: Model, pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"
) -> None:
    """Raise ModelError where the two say different things of `pixels` [N, S, S, 3]: then one would explain another."""
    with torch.inference_mode():
        ours = torch.softmax(explained.network(torch.from_numpy(pixels.copy())) / model.card.temperature, dim=1).numpy()
    agreed = AGREED_IN_INT8 if model.card.int8 else AGREED
    difference = float(np.abs(ours - model.probabilities(pixels)).max())
    if not difference <= agreed:  # nor where it is no number
        raise ModelError("The weights in TF_FILES differ from those that the model was trained with.", "Train again.")


def _head(data: bytes) -> Head:
    tensors = {each.name: each for each in onnx.load_model_from_string(data).graph.initializer}
    if "head.weight" not in tensors:
        raise ModelError("The model was not made by pigeonhole train and cannot be explained.", "Train one.")
    weight, bias = (numpy_helper.to_array(tensors[f"head.{name}"]).astype(np.float64) for name in ("weight", "bias"))
    return Head(weight, bias)


def _trunk(workspace: Workspace, sha256: str, model: Model) -> nn.Module:
    card = model.card
    if card.recipe == "probe":
        name, wanted = card.backbone["name"], card.backbone["sha256"]
        for weights in (*weights_in(workspace), builtin_weights("")):
            if digest(weights.path.read_bytes()) == wanted:
                return from_pixels(registry.backbone_network(name, weights.path), *registry.normalisation_of(name))
        raise ModelError(
            f"The weights of {name} that the model was trained with are not in {printable(workspace.weights)}.",
            "Copy them there, or train again.",
        )
    remembered = network_file(workspace, sha256)
    if not is_file(remembered):
        raise ModelError("The trained network is no longer in TF_FILES/cache.", "Train again.")
    if card.recipe == "scratch":
        trunk = from_pixels(small_cnn.small_cnn(), small_cnn.MEAN, small_cnn.STD)
    else:
        name = card.backbone["name"]
        trunk = from_pixels(registry.architecture(name), *registry.normalisation_of(name))
    try:
        fill_in(trunk, read_state_dict(remembered), remembered, card.recipe)
    except WeightsError as error:
        raise ModelError(f"The trained network in {printable(remembered)} is damaged.", "Train again.") from error
    return trunk
