"""Two ways to learn, from a dataset to everything that a model file is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.feature_extractor import FeatureExtractor
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.weights import Weights
from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.split import Split, make_split
from pigeonhole.heads.blended_head import Probe
from pigeonhole.output import Output
from pigeonhole.recipes.at_faces import at_faces
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice, choose_crop, choose_views, with_crop
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.stream import Decoded
from pigeonhole.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe and what it was made of. `features` [N, D] are those of the plain view of the examples, `sample` some of
    these as the backbone sees them.
    """

    dataset: Dataset
    split: Split
    backbone: Backbone
    probe: Probe
    features: NDArray[np.float32]
    ood_features: NDArray[np.float32]
    sample: tuple[Decoded, ...]


def probe_pictures(
    workspace: Workspace,
    dataset: Dataset,
    weights: Weights,
    *,
    preprocessing: PreprocessingChoice,
    seed: int,
    output: Output,
    split: Split | None = None,
) -> Probed:
    """Logistic regression on the frozen features of a pretrained backbone.

    What is computed is kept in the cache of `workspace`. With `split` it is evaluated on that one.
    """
    backbone = load_backbone(workspace, weights, preprocessing.size, dataset, output)
    if preprocessing.rule == "auto":
        return probe_backbone(workspace, dataset, backbone, choose=True, seed=seed, output=output, split=split)
    if preprocessing.rule == "faces":
        dataset, backbone = at_faces(workspace, dataset, backbone, output)
    else:
        backbone = with_crop(backbone, preprocessing.rule)
    return probe_backbone(workspace, dataset, backbone, seed=seed, output=output, split=split)


def probe_backbone(
    workspace: Workspace,
    dataset: Dataset,
    backbone: Backbone,
    *,
    choose: bool = False,
    seed: int,
    output: Output,
    split: Split | None = None,
) -> Probed:
    """The same on a `backbone` that is at hand. `choose`: which part of the pictures it sees is measured first."""
    with FeatureExtractor.open(workspace, output) as extractor:
        dataset, features = extractor.readable(dataset, backbone)
        if split is None:
            thumbnails = extractor.thumbnails(dataset.examples, backbone)
            split = make_split(dataset, find_groups(dataset, thumbnails, features, workspace, output), seed)
        plain: NDArray[np.float32] | None = features
        on_plain = None
        if choose:
            chosen = choose_crop(extractor, dataset, split, backbone, output, plain=features)
            if chosen.backbone is not backbone:
                plain = None  # of many pictures, no two copies at a time
            backbone, dataset, on_plain = chosen
        del features
        probe, plain = choose_views(extractor, dataset, split, backbone, output, plain=plain, on_plain=on_plain)
        ood = extractor.views(dataset.ood, backbone)[0] if dataset.ood else plain[:0]
        return Probed(dataset, split, backbone, probe, plain, ood, extractor.sample(dataset, backbone))


def as_trained(probed: Probed) -> TrainedRecipe:
    """The probe as a recipe's result."""
    dataset, backbone = probed.dataset, probed.backbone
    row_of = {example.sha256: row for row, example in enumerate(dataset.examples)}
    shown_features = probed.features[[row_of[item.sha256] for item in probed.sample]]
    return TrainedRecipe(
        recipe="probe",
        dataset=dataset,
        split=probed.split,
        backbone={"name": backbone.name, "weights": backbone.origin, "sha256": backbone.weights_sha256},
        preprocessing=backbone.preprocessing,
        trunk=backbone.onnx,
        head=probed.probe.head,
        held_out=probed.probe.held_out,
        embeddings=probed.features,
        frozen=True,
        sample=np.stack([item.pixels for item in probed.sample]),
        sample_features=shown_features,
        sample_embeddings=shown_features,
        ood_features=probed.ood_features,
        ood_embeddings=probed.ood_features,
        probe=probed.probe,
    )
