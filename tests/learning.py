"""What a recipe hands over, made of points instead of pictures, for tests of what comes after learning."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset, Example
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.held_out import HeldOut
from pigeonhole.images import Preprocessing
from pigeonhole.recipes.result import Learnt
from pigeonhole.records import Found


def halves(count: int) -> Split:
    """The first half judges the second, and the other way round."""
    first, second = np.arange(count // 2), np.arange(count // 2, count)
    return Split((Fold(first, second), Fold(second, first)), np.arange(count), "of these")


def learnt(
    logits: NDArray[np.floating],
    targets: NDArray[np.int64],
    looks: NDArray[np.floating] | None = None,
    strangers: NDArray[np.floating] | None = None,
) -> Learnt:
    """OpenFile-out `logits` [N, C], in the order of the examples; the head is the identity on `looks` [N, C]."""
    categories = "abcdefgh"[: logits.shape[1]]
    split = halves(len(targets))
    order = np.concatenate([fold.held_out for fold in split.folds])
    points = logits if looks is None else looks
    nobody = points[:0] if strangers is None else strangers
    examples = tuple(
        Example(Found(Path(f"{number}.png"), Path(f"{number}.png")), categories[target], f"{number:064}")
        for number, target in enumerate(targets)
    )
    return Learnt(
        recipe="points",
        dataset=Dataset(examples, ()),
        split=split,
        backbone={},
        preprocessing=Preprocessing(size=8, fraction=1.0),
        trunk=b"",
        head=Head(np.eye(logits.shape[1]), np.zeros(logits.shape[1])),
        held_out=HeldOut.of(split, [logits[fold.held_out].astype(float) for fold in split.folds]),
        looks=points,
        frozen=looks is not None,
        sample=np.zeros((1, 8, 8, 3), np.uint8),
        sample_features=points[order[:1]],
        sample_looks=points[order[:1]],
        stranger_features=nobody,
        stranger_looks=nobody,
    )
