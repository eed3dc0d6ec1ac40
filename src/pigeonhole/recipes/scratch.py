"""Recipe `scratch`: a small network that starts from nothing."""

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.near_duplicates import thumbnail
from pigeonhole.dataset.pixels import pixels_of
from pigeonhole.dataset.split import Split, make_split
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.onnx_graph.export import exported
from pigeonhole.output import Output
from pigeonhole.recipes import small_cnn
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.recipes.saved_network import saved
from pigeonhole.recipes.small_cnn import Regularisation
from pigeonhole.workspace import Workspace


def train_scratch(workspace: Workspace, dataset: Dataset, *, seed: int, output: Output) -> TrainedRecipe:
    """A small network that starts from nothing; it is evaluated on about every fifth picture, held out."""
    dataset, pixels, ood = pixels_of(dataset, small_cnn.PREPROCESSING, output)
    targets = np.array(dataset.targets)
    thumbnails = np.stack([thumbnail(picture) for picture in pixels])
    split = make_split(dataset, find_groups(dataset, thumbnails, None, workspace, output), seed).one(targets)
    return fit_from_nothing(dataset, split, pixels, ood, seed=seed, regularisation=small_cnn.AUGMENTED, output=output)


def fit_from_nothing(
    dataset: Dataset,
    split: Split,
    pixels: NDArray[np.uint8],
    ood: NDArray[np.uint8],
    *,
    seed: int,
    regularisation: Regularisation,
    output: Output,
) -> TrainedRecipe:
    """A network for each fold of `split`, of which the last is handed over.

    `pixels` [N, S, S, 3] are of the examples of `dataset`, `ood` [K, S, S, 3] of its pictures of no category.
    """
    targets = np.array(dataset.targets)
    epochs = sum(small_cnn.epochs_for(len(fold.train)) for fold in split.folds)
    with output.stage("Learning", epochs) as advance:
        fitted = [
            small_cnn.fit_scratch(pixels, targets, fold, seed=seed, advance=advance, regularisation=regularisation)
            for fold in split.folds
        ]
    trained = fitted[-1]
    some = pixels[:: max(1, len(pixels) // small_cnn.BATCH)][: small_cnn.BATCH]
    return TrainedRecipe(
        recipe="scratch",
        dataset=dataset,
        split=split,
        backbone={"name": "small_cnn", "weights": "trained on these pictures alone", "sha256": None},
        preprocessing=small_cnn.PREPROCESSING,
        trunk=exported(trained.network, small_cnn.PREPROCESSING.size).SerializeToString(),
        head=trained.head,
        held_out=OutOfFold.of(split, [each.held_out for each in fitted]),
        embeddings=thumbnails(pixels),
        frozen=False,
        sample=some,
        sample_features=small_cnn.features(trained.network, some),
        sample_embeddings=thumbnails(some),
        ood_features=small_cnn.features(trained.network, ood) if len(ood) else np.empty((0, 1)),
        ood_embeddings=thumbnails(ood),
        epochs=trained.epochs,
        network=saved(trained.network.state_dict()),
    )


def thumbnails(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 [N, S, S, 3] → [N, 192]: 8 × 8 mean colours, around the mean of all pictures."""
    count, size = pixels.shape[:2]
    if not count:
        return np.empty((0, 192), dtype=np.float32)
    blocks = pixels.reshape(count, 8, size // 8, 8, size // 8, 3).mean(axis=(2, 4), dtype=np.float32)
    small: NDArray[np.float32] = (blocks - blocks.mean(axis=0)).reshape(count, -1)
    return small
