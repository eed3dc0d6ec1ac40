"""What every recipe hands over: what it learnt, and what it said of pictures that it had not learnt from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pigeonhole.images import Preprocessing
from pigeonhole.report.content import Epoch
from pigeonhole.train.dataset import Dataset
from pigeonhole.train.head import Head
from pigeonhole.train.split import Split

if TYPE_CHECKING:
    from pigeonhole.train.trial import Trial


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Logits [H, C] of the examples `rows` [H] of a dataset, each from a head that had learnt from none of its group.

    `folds` [H] says in which fold each was held out.
    """

    rows: NDArray[np.int64]
    logits: NDArray[np.float64]
    folds: NDArray[np.int64]

    @classmethod
    def of(cls, split: Split, logits: list[NDArray[np.float64]]) -> "HeldOut":
        """From the logits of each fold of `split`, in the order of its `held_out`."""
        return cls(
            np.concatenate([fold.held_out for fold in split.folds]),
            np.concatenate(logits),
            np.concatenate([np.full(len(fold.held_out), number) for number, fold in enumerate(split.folds)]),
        )

    def of_rows(self, rows: NDArray[np.int64]) -> "HeldOut":
        """What was said of the examples `rows` alone."""
        kept = np.isin(self.rows, rows)
        return HeldOut(self.rows[kept], self.logits[kept], self.folds[kept])


@dataclass(frozen=True, slots=True)
class Learnt:
    """`dataset` without what could not be read, and `split`, which says who was held out when.

    `backbone` says where the network is from; `trunk` is an ONNX file `pixels` → `features`; `head` has no temperature
    yet. `looks` [N, E] is what tells how alike two examples are: the frozen network's features where `frozen`, else
    something simpler, from which nothing can be said of strangers. Where `trunk` was fine-tuned, `frozen_trunk` is the
    network before that, which makes the looks; None where that is `trunk` itself.

    `sample` is uint8 [M, S, S, 3], a few training pictures, with `sample_features` [M, D] and `sample_looks` [M, E] as
    training has them; `stranger_features` [K, D] and `stranger_looks` [K, E] are those of pictures of no category.
    `strength` is the probe's, None where there is none, and `epochs` what was seen while learning, if there were any;
    `network` is a saved state dict of a trunk that was learnt here; `int8` what was gained where the trunk is in int8.
    """

    recipe: str
    dataset: Dataset
    split: Split
    backbone: dict[str, Any]
    preprocessing: Preprocessing
    trunk: bytes
    head: Head
    held_out: HeldOut
    looks: NDArray[np.floating]
    frozen: bool
    sample: NDArray[np.uint8]
    sample_features: NDArray[np.floating]
    sample_looks: NDArray[np.floating]
    stranger_features: NDArray[np.floating]
    stranger_looks: NDArray[np.floating]
    frozen_trunk: bytes | None = None
    strength: float | None = None
    epochs: tuple[Epoch, ...] = ()
    network: bytes | None = None
    int8: "Trial | None" = None

    @property
    def targets(self) -> NDArray[np.int64]:
        """[H], the true categories of the pictures that were held out."""
        return np.array(self.dataset.targets)[self.held_out.rows]
