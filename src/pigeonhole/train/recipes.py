"""Two ways to learn, from a dataset to everything that a model file is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.images import Preprocessing
from pigeonhole.output import Output
from pigeonhole.records import Failed, Unreadable
from pigeonhole.stream import Decoded, decoded
from pigeonhole.train.backbone import Backbone, load_backbone, sample
from pigeonhole.train.dataset import Dataset
from pigeonhole.train.features import FeatureStore, compute_features
from pigeonhole.train.groups import find_groups
from pigeonhole.train.learnt import HeldOut, Learnt
from pigeonhole.train.perceptual import perceptual_hash
from pigeonhole.train.probe import Probe
from pigeonhole.train.remembered import saved
from pigeonhole.train.sight import Sight, choose_rule, choose_views, look, with_rule
from pigeonhole.train.split import Split, make_split
from pigeonhole.train.weights import Weights

if TYPE_CHECKING:
    from pigeonhole.train.scratch import Habits


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe and what it was made of. `features` [N, D] are those of the plain view of the examples."""

    dataset: Dataset
    split: Split
    backbone: Backbone
    probe: Probe
    features: NDArray[np.float32]
    stranger_features: NDArray[np.float32]


def probe_pictures(
    tf_files: Path,
    dataset: Dataset,
    weights: Weights,
    *,
    sight: Sight,
    seed: int,
    output: Output,
    split: Split | None = None,
) -> Probed:
    """Logistic regression on the frozen features of a pretrained backbone.

    What is computed is kept in the cache of `tf_files`. With `split` it is judged by that one.
    """
    backbone = load_backbone(tf_files, weights, sight.size, dataset, output)
    if sight.rule == "auto":
        return probe_backbone(tf_files, dataset, backbone, choose=True, seed=seed, output=output, split=split)
    return probe_backbone(tf_files, dataset, with_rule(backbone, sight.rule), seed=seed, output=output, split=split)


def probe_backbone(
    tf_files: Path,
    dataset: Dataset,
    backbone: Backbone,
    *,
    choose: bool = False,
    seed: int,
    output: Output,
    split: Split | None = None,
) -> Probed:
    """The same on a `backbone` that is at hand. `choose`: which part of the pictures it sees is measured first."""
    with FeatureStore.open(tf_files, backbone) as store:
        dataset, features = compute_features(dataset, backbone, store, output)
        if split is None:
            groups = find_groups(dataset, store.hashes(dataset.examples), features, tf_files)
            split = make_split(dataset, groups, seed)
    on_plain = None
    if choose:
        backbone, on_plain = choose_rule(tf_files, dataset, split, backbone, output)
    probe, features = choose_views(tf_files, dataset, split, backbone, output, on_plain=on_plain)
    strangers = look(tf_files, dataset.strangers, backbone, 1, output)[0] if dataset.strangers else features[:0]
    return Probed(dataset, split, backbone, probe, features, strangers)


def as_learnt(probed: Probed) -> Learnt:
    """The probe as a recipe's result."""
    dataset, backbone = probed.dataset, probed.backbone
    row_of = {example.sha256: row for row, example in enumerate(dataset.examples)}
    shown = sample(dataset, backbone.preprocessing)
    shown_features = probed.features[[row_of[item.sha256] for item in shown]]
    return Learnt(
        recipe="probe",
        dataset=dataset,
        split=probed.split,
        backbone={"name": backbone.name, "weights": backbone.origin, "sha256": backbone.weights_sha256},
        preprocessing=backbone.preprocessing,
        trunk=backbone.onnx,
        head=probed.probe.head,
        held_out=probed.probe.held_out,
        looks=probed.features,
        frozen=True,
        sample=np.stack([item.pixels for item in shown]),
        sample_features=shown_features,
        sample_looks=shown_features,
        stranger_features=probed.stranger_features,
        stranger_looks=probed.stranger_features,
        strength=probed.probe.strength,
    )


def learn_scratch(tf_files: Path, dataset: Dataset, *, seed: int, output: Output) -> Learnt:
    """A small network that starts from nothing; about every fifth picture is held out and judges it."""
    from pigeonhole.train import scratch

    dataset, pixels, strangers = pixels_of(dataset, scratch.PREPROCESSING, output)
    targets = np.array(dataset.targets)
    hashes = np.array([perceptual_hash(picture) for picture in pixels], dtype=np.uint64)
    split = make_split(dataset, find_groups(dataset, hashes, None, tf_files), seed).one(targets)
    return fit_from_nothing(dataset, split, pixels, strangers, seed=seed, habits=scratch.AUGMENTED, output=output)


def fit_from_nothing(
    dataset: Dataset,
    split: Split,
    pixels: NDArray[np.uint8],
    strangers: NDArray[np.uint8],
    *,
    seed: int,
    habits: "Habits",
    output: Output,
) -> Learnt:
    """A network for each fold of `split`, of which the last is handed over.

    `pixels` [N, S, S, 3] are of the examples of `dataset`, `strangers` [K, S, S, 3] of its strangers.
    """
    from pigeonhole.train import scratch
    from pigeonhole.train.export import to_onnx

    targets = np.array(dataset.targets)
    epochs = sum(scratch.epochs_for(len(fold.train)) for fold in split.folds)
    with output.stage("Learning", epochs) as advance:
        fitted = [
            scratch.fit_scratch(pixels, targets, fold, seed=seed, advance=advance, habits=habits)
            for fold in split.folds
        ]
    learnt = fitted[-1]
    some = pixels[:: max(1, len(pixels) // scratch.BATCH)][: scratch.BATCH]
    return Learnt(
        recipe="scratch",
        dataset=dataset,
        split=split,
        backbone={"name": "small_cnn", "weights": "learnt from these pictures alone", "sha256": None},
        preprocessing=scratch.PREPROCESSING,
        trunk=to_onnx(learnt.network, scratch.PREPROCESSING.size).SerializeToString(),
        head=learnt.head,
        held_out=HeldOut.of(split, [each.held_out for each in fitted]),
        looks=thumbnails(pixels),
        frozen=False,
        sample=some,
        sample_features=scratch.features(learnt.network, some),
        sample_looks=thumbnails(some),
        stranger_features=scratch.features(learnt.network, strangers) if len(strangers) else np.empty((0, 1)),
        stranger_looks=thumbnails(strangers),
        epochs=learnt.epochs,
        network=saved(learnt.network.state_dict()),
    )


def pixels_of(
    dataset: Dataset, preprocessing: Preprocessing, output: Output
) -> tuple[Dataset, NDArray[np.uint8], NDArray[np.uint8]]:
    """The readable part of `dataset`, and its examples and strangers, uint8 [N, S, S, 3], in the same order."""
    pictures: dict[Path, NDArray[np.uint8]] = {}
    problems: list[Unreadable | Failed] = []
    everything = [*dataset.examples, *dataset.strangers]
    with output.stage("Looking at pictures", len(everything)) as advance:
        for item in decoded((example.found for example in everything), preprocessing):
            advance()
            if isinstance(item, Decoded):
                pictures[item.found.path] = item.pixels
            elif isinstance(item, Unreadable | Failed):
                problems.append(item)
    kept = dataset.without(problems) if problems else dataset
    none = np.empty((0, preprocessing.size, preprocessing.size, 3), dtype=np.uint8)
    examples, strangers = (
        np.stack([pictures[example.found.path] for example in part]) if part else none
        for part in (kept.examples, kept.strangers)
    )
    return kept, examples, strangers


def thumbnails(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [N, S, S, 3] → [N, 192]: 8 × 8 mean colours, around the mean of all pictures."""
    count, size = pixels.shape[:2]
    if not count:
        return np.empty((0, 192), dtype=np.float32)
    blocks = pixels.reshape(count, 8, size // 8, 8, size // 8, 3).mean(axis=(2, 4), dtype=np.float32)
    small: NDArray[np.float32] = (blocks - blocks.mean(axis=0)).reshape(count, -1)
    return small
