"""One picture explained: from its file to a PNG."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pigeonhole.errors import UnreadableError, UsageError
from pigeonhole.explain.draw import Panel, over, panels, stretched
from pigeonhole.explain.gradcam import enlarged, grad_cam, last_maps
from pigeonhole.explain.guided import NotReluError, guided_backpropagation
from pigeonhole.explain.layers import layer_panels
from pigeonhole.explain.network import Explained, check_agreement, torch_network
from pigeonhole.files import find_named
from pigeonhole.model import load_model
from pigeonhole.stream import Decoded, decoded
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


def explain(workspace: Workspace, image: Path, against: str | None, layers: tuple[str, ...]) -> tuple[bytes, str]:
    """A PNG of where the network sees the best category in `image`, and a remark (empty for none).

    With `against` a second row does the same for that category; with `layers` the picture shows these instead. Raises
    UnreadableError, ModelError, and UsageError for a category or layer that does not exist.
    """
    model = load_model(workspace.model)
    if against is not None and against not in model.card.labels:
        known = ", ".join(printable(label) for label in model.card.labels[:10])
        raise UsageError(f"The model knows no category {printable(against)}.", f"It knows {known}.")
    (item,) = decoded([find_named(image)], model.card.preprocessing)
    if not isinstance(item, Decoded):
        raise UnreadableError(f"{printable(image)}: {item.reason}")
    pixels = item.pixels
    explained = torch_network(workspace, model)
    check_agreement(explained, model, pixels[None])
    if layers:
        return panels(layer_panels(explained.network, pixels, layers), edge=2.2), ""
    scores = model.probabilities(pixels[None])[0]
    categories = [int(scores.argmax())]
    if against is not None:
        categories.append(model.card.labels.index(against))
    rows, remark = [], ""
    for number in categories:
        row, remark = _row(explained, pixels, number, float(scores[number]))
        rows.append(row)
    return panels(rows), remark


def _row(explained: Explained, pixels: NDArray[np.uint8], category: int, score: float) -> tuple[list[Panel], str]:
    inputs = torch.from_numpy(pixels[None].copy())
    heat = enlarged(
        grad_cam(explained.network, inputs, category, last_maps(explained.network, inputs)), len(pixels)
    ).numpy()
    row = [
        Panel(f"{printable(explained.labels[category])} {score:.5f}", pixels),
        Panel("Grad-CAM" if heat.any() else "Grad-CAM: no evidence for it", over(pixels, heat)),
    ]
    try:
        guided = guided_backpropagation(explained.network, inputs, category).numpy()
    except NotReluError as error:
        return [*row, Panel("guided backpropagation", None, "not defined for this network")], str(error)
    product = guided * heat[..., None]
    return [
        *row,
        Panel("guided backpropagation", stretched(guided)),
        Panel("guided Grad-CAM", stretched(product)),
    ], ""
