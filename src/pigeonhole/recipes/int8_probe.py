"""A probe in int8: its network is quantised, and its head is trained anew on the new features."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.utils import Extractor

from pigeonhole.backbones.feature_extractor import FeatureExtractor
from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.faces import with_faces
from pigeonhole.dataset.folders import Dataset, Example, read_dataset
from pigeonhole.errors import DataError, NotInt8Error
from pigeonhole.images import Preprocessing
from pigeonhole.model import ModelCard
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.int8 import quantized
from pigeonhole.onnx_graph.throughput import rates
from pigeonhole.output import Output
from pigeonhole.recipes.int8_trial import Trial, check_speed
from pigeonhole.recipes.preprocessing_search import choose_views
from pigeonhole.recipes.probe import Probed, as_trained, probe_backbone
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.stream import Decoded, decoded
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

CALIBRATING = 100  # pictures: twice as many gave the same answers


def in_int8(workspace: Workspace, trained: TrainedRecipe, output: Output) -> TrainedRecipe:
    """`trained` with its network in int8; head, temperature and gates are those of the new features.

    Raises NotInt8Error where it does not pay or changes too much, both measured here.
    """
    if trained.recipe != "probe":
        # What a tuned network says of held-out pictures, each fold's own network says, and only the last one is kept.
        raise NotInt8Error(f"int8 is only supported for probe models; this one was trained with {trained.recipe}.")
    before = _backbone(trained.backbone, trained.preprocessing, trained.trunk)
    pixels = _pixels(trained.dataset, trained.split.learn, before)
    with output.stage("Calibrating int8", len(pixels)) as advance:
        after = replace(before, onnx=quantized(before.onnx, pixels, advance))
    speed = rates(before.onnx, after.onnx, pixels)
    check_speed(speed, before.name)
    dataset, ood = trained.dataset, trained.dataset.ood
    with FeatureExtractor.open(workspace, output) as extractor:
        probe, features = choose_views(extractor, dataset, trained.split, after, output)
        trial = Trial.of(speed, trained.held_out, probe.held_out, np.array(dataset.targets))
        trial.check_agreement()
        of_ood = extractor.views(ood, after)[0] if ood else features[:0]
        probed = Probed(dataset, trained.split, after, probe, features, of_ood, extractor.sample(dataset, after))
    return replace(as_trained(probed), epochs=trained.epochs, int8=trial)


def train_again(workspace: Workspace, model: bytes, card: ModelCard, *, seed: int, output: Output) -> TrainedRecipe:
    """What training had when it wrote the model file `model`, from the network that is in it.

    Raises NotInt8Error where it is in int8 already or no probe, DataError where the pictures are others by now.
    """
    if card.int8:
        raise NotInt8Error("The model is in int8 already.")
    if card.recipe != "probe":
        raise NotInt8Error(f"int8 is only supported for probe models; this one was trained with {card.recipe}.")
    network = Extractor(onnx.load_model_from_string(model)).extract_model([INPUT], [FEATURES])
    backbone = _backbone(card.backbone, card.preprocessing, network.SerializeToString())
    dataset = read_dataset(workspace, output)
    if card.preprocessing.face:
        dataset = with_faces(dataset, card.preprocessing.face, workspace, output)
    probed = probe_backbone(workspace, dataset, backbone, seed=seed, output=output)
    if probed.dataset.digest != card.training_set:
        raise DataError(
            f"The pictures in {printable(workspace.root)} are not those that the model was trained on.",
            "Train again, with --int8.",
        )
    return as_trained(probed)


def _backbone(origin: dict[str, Any], preprocessing: Preprocessing, network: bytes) -> Backbone:
    return Backbone(origin["name"], origin["weights"], origin["sha256"], preprocessing, network)


def _pixels(dataset: Dataset, rows: NDArray[np.int64], backbone: Backbone) -> NDArray[np.uint8]:
    """The pictures to calibrate by, uint8 [K, S, S, 3]."""
    found = (example.found for example in chosen([dataset.examples[row] for row in rows.tolist()]))
    items = decoded(found, backbone.preprocessing)
    return np.stack([item.pixels for item in items if isinstance(item, Decoded)])


def chosen(examples: list[Example]) -> list[Example]:
    """CALIBRATING of them, as many of each category as can be, chosen by digest: the same ones next time."""
    seen: Counter[str] = Counter()
    ranked = []
    for example in sorted(examples, key=lambda example: example.sha256):
        ranked.append((seen[example.category], example.sha256, example))
        seen[example.category] += 1
    return [example for _, _, example in sorted(ranked, key=lambda each: each[:2])[:CALIBRATING]]
