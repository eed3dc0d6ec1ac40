"""What a recipe hands over, made of points instead of pictures, for tests of what comes after learning."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.images import Preprocessing
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.records import Found


def halves(count: int) -> Split:
    """The first half is evaluated on the second, and the other way round."""
    first, second = np.arange(count // 2), np.arange(count // 2, count)
    return Split((Fold(first, second), Fold(second, first)), np.arange(count), "of these")


def trained(
    logits: NDArray[np.floating],
    targets: NDArray[np.int64],
    embeddings: NDArray[np.floating] | None = None,
    ood: NDArray[np.floating] | None = None,
) -> TrainedRecipe:
    """OpenFile-out `logits` [N, C], in the order of the examples; the head is the identity on `embeddings` [N, C]."""
    categories = "abcdefgh"[: logits.shape[1]]
    split = halves(len(targets))
    order = np.concatenate([fold.held_out for fold in split.folds])
    points = logits if embeddings is None else embeddings
    nobody = points[:0] if ood is None else ood
    examples = tuple(
        Example(Found(Path(f"{number}.png"), Path(f"{number}.png")), categories[target], f"{number:064}")
        for number, target in enumerate(targets)
    )
    return TrainedRecipe(
        recipe="points",
        dataset=Dataset(examples, ()),
        split=split,
        backbone={},
        preprocessing=Preprocessing(size=8, fraction=1.0),
        trunk=b"",
        head=Head(np.eye(logits.shape[1]), np.zeros(logits.shape[1])),
        held_out=OutOfFold.of(split, [logits[fold.held_out].astype(float) for fold in split.folds]),
        embeddings=points,
        frozen=embeddings is not None,
        sample=np.zeros((1, 8, 8, 3), np.uint8),
        sample_features=points[order[:1]],
        sample_embeddings=points[order[:1]],
        ood_features=nobody,
        ood_embeddings=nobody,
    )
