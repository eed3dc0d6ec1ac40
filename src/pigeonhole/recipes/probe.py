"""Two ways to learn, from a dataset to everything that a model file is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.feature_cache import FeatureStore, compute_features
from pigeonhole.backbones.frozen import Backbone, load_backbone, sample
from pigeonhole.backbones.weights import Weights
from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.split import Split, make_split
from pigeonhole.heads.blended_head import Probe
from pigeonhole.output import Output
from pigeonhole.recipes.at_faces import at_faces
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice, choose_crop, choose_views, look, with_crop
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe and what it was made of. `features` [N, D] are those of the plain view of the examples."""

    dataset: Dataset
    split: Split
    backbone: Backbone
    probe: Probe
    features: NDArray[np.float32]
    ood_features: NDArray[np.float32]


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
    with FeatureStore.open(workspace, backbone) as store:
        dataset, features = compute_features(dataset, backbone, store, output)
        if split is None:
            groups = find_groups(dataset, store.thumbnails(dataset.examples), features, workspace, output)
            split = make_split(dataset, groups, seed)
    del features  # of many pictures, no two copies at a time
    on_plain = None
    if choose:
        backbone, dataset, on_plain = choose_crop(workspace, dataset, split, backbone, output)
    probe, features = choose_views(workspace, dataset, split, backbone, output, on_plain=on_plain)
    ood = look(workspace, dataset.ood, backbone, 1, output)[0] if dataset.ood else features[:0]
    return Probed(dataset, split, backbone, probe, features, ood)


def as_trained(probed: Probed) -> TrainedRecipe:
    """The probe as a recipe's result."""
    dataset, backbone = probed.dataset, probed.backbone
    row_of = {example.sha256: row for row, example in enumerate(dataset.examples)}
    shown = sample(dataset, backbone.preprocessing)
    shown_features = probed.features[[row_of[item.sha256] for item in shown]]
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
        sample=np.stack([item.pixels for item in shown]),
        sample_features=shown_features,
        sample_embeddings=shown_features,
        ood_features=probed.ood_features,
        ood_embeddings=probed.ood_features,
        probe=probed.probe,
    )
