"""A comparison from beginning to end. Each contestant learns as `train` would, in a cache of its own."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.weights import Weights
from pigeonhole.compare.entry import Entry, entry
from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.near_duplicates import thumbnail
from pigeonhole.dataset.pixels import pixels_of
from pigeonhole.dataset.split import Split, make_split
from pigeonhole.finetuning.finetune import as_finetuned, fine_tune
from pigeonhole.finetuning.plan import SMALL_SET
from pigeonhole.output import Output
from pigeonhole.recipes import small_cnn
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.recipes.probe import as_trained, probe_pictures
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.recipes.scratch import fit_from_nothing
from pigeonhole.train.finish import Finished, finish, steps
from pigeonhole.workspace import Workspace

NETWORKS = {  # that learn from nothing
    "cnn": small_cnn.PLAIN,
    "cnn-regularised": small_cnn.REGULARISED,
    "cnn-augmented": small_cnn.AUGMENTED,
}


@dataclass(frozen=True, slots=True)
class _Contest:
    """What is the same for all."""

    cache: Path
    dataset: Dataset
    split: Split
    recipes: Sequence[str]
    seed: int
    output: Output


def compare(
    workspace: Workspace,
    dataset: Dataset,
    recipes: Sequence[str],
    weights: Sequence[Weights],
    *,
    seed: int,
    output: Output,
) -> Iterator[Entry]:
    """One entry for each of `recipes` that learns from nothing, and one for each other and each of `weights`.

    The held-out pictures are the same for all: of large sets one fold, of small ones all folds. Groups are found by
    thumbnails alone, so that no backbone says which pictures help its rivals.
    """
    known = replace(dataset, ood=())
    dataset, pixels, _ = pixels_of(known, small_cnn.PREPROCESSING, output)
    contest = _Contest(workspace.cache, dataset, _split(workspace, dataset, pixels, seed), recipes, seed, output)
    yield from _from_nothing(contest, pixels)
    for each in weights:
        yield from _from_weights(contest, each)


def _split(workspace: Workspace, dataset: Dataset, pixels: NDArray[np.uint8], seed: int) -> Split:
    thumbnails = np.stack([thumbnail(picture) for picture in pixels])
    split = make_split(dataset, find_groups(dataset, thumbnails, None, workspace), seed)
    return split.one(np.array(dataset.targets)) if len(dataset.examples) >= SMALL_SET else split


def _from_nothing(contest: _Contest, pixels: NDArray[np.uint8]) -> Iterator[Entry]:
    for recipe, regularisation in NETWORKS.items():
        if recipe in contest.recipes:
            began = time.perf_counter()
            trained = fit_from_nothing(
                contest.dataset,
                contest.split,
                pixels,
                pixels[:0],
                seed=contest.seed,
                regularisation=regularisation,
                output=contest.output,
            )
            finished = _finished(trained, contest.output)
            yield entry(recipe, "small_cnn", finished, time.perf_counter() - began)


def _from_weights(contest: _Contest, weights: Weights) -> Iterator[Entry]:
    """A probe and what is tuned from it share their work; the time of the second has that of the first in it."""
    if not {"probe", "finetune"} & set(contest.recipes):
        return
    contest.cache.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=contest.cache, prefix="compare-") as place:
        own, seed, output = Workspace(Path(place)), contest.seed, contest.output
        began = time.perf_counter()
        probed = probe_pictures(
            own,
            contest.dataset,
            weights,
            preprocessing=PreprocessingChoice(),
            seed=seed,
            output=output,
            split=contest.split,
        )
        finished = _finished(as_trained(probed), output)
        seconds = time.perf_counter() - began
        if "probe" in contest.recipes:
            yield entry("probe", weights.backbone, finished, seconds)
        if "finetune" in contest.recipes:
            began = time.perf_counter()
            tuned = fine_tune(own, probed, weights, seed=seed, output=output)
            finished = _finished(as_finetuned(probed, tuned), output)
            yield entry("finetune", weights.backbone, finished, seconds + time.perf_counter() - began)


def _finished(trained: TrainedRecipe, output: Output) -> Finished:
    with output.stage("Finishing", steps(trained)) as advance:
        return finish(trained, None, advance)
