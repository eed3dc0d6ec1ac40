"""The features of pictures, by the network that training would use; computed once, and kept where training does."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.looking import fill
from pigeonhole.backbones.weights import AUTO, builtin_weights, find_weights
from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.errors import PigeonholeError, UnreadableError
from pigeonhole.files import digest, read
from pigeonhole.labelling.pictures import Picture
from pigeonhole.model import load_model
from pigeonhole.output import Output
from pigeonhole.workspace import Workspace


def backbone_for(workspace: Workspace, output: Output) -> Backbone:
    """The network whose weights lie in TF_FILES/weights, looking at pictures as the model does; else the built-in one.

    Nothing is downloaded. To make it ready the first time takes seconds, and torch; without that the built-in one does.
    """
    weights = find_weights(workspace, AUTO, None) or builtin_weights("there are no weights in TF_FILES/weights")
    nothing = Dataset((), ())
    try:
        backbone = load_backbone(workspace, weights, None, nothing, output)
    except ModuleNotFoundError as error:
        reason = f"{weights.backbone} cannot be made ready without {error.name}"
        backbone = load_backbone(workspace, builtin_weights(reason), None, nothing, output)
    try:
        card = load_model(workspace.model).card
    except PigeonholeError:
        return backbone  # there is no model yet, or none to go by
    if card.backbone.get("sha256") != backbone.weights_sha256 or card.preprocessing.size != backbone.preprocessing.size:
        return backbone
    return replace(backbone, preprocessing=card.preprocessing)


def look_at(
    pictures: Sequence[Picture], backbone: Backbone, store: FeatureStore, output: Output
) -> dict[str, NDArray[np.float32]]:
    """The features [D] of those of `pictures` that can be read, by their digests, which become known. What is new is
    kept in `store`, which is the one of `backbone`.
    """
    with ThreadPoolExecutor() as pool:
        list(pool.map(_digest, pictures))
    readable = [Example(each.found, "", each.sha256) for each in pictures if each.sha256]
    fill(readable, (PLAIN,), backbone, store, output)
    found = {example.sha256: store.get(example.sha256, PLAIN) for example in readable}
    return {sha256: vector for sha256, vector in found.items() if vector is not None}


def _digest(picture: Picture) -> None:
    """Learn what a picture's digest is, unless it is known; what cannot be read has none."""
    if picture.sha256 is None:
        try:
            picture.sha256 = digest(read(picture.path)[0])
        except (OSError, UnreadableError):
            return
