"""What every recipe hands over: what it learnt, and what it said of pictures that it had not learnt from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.findings import Epoch
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.held_out import HeldOut
from pigeonhole.images import Preprocessing
from pigeonhole.recipes.int8_trial import Trial
from pigeonhole.recipes.logistic_regression import Probe


@dataclass(frozen=True, slots=True)
class Learnt:
    """`dataset` without what could not be read, and `split`, which says who was held out when.

    `backbone` says where the network is from; `trunk` is an ONNX file `pixels` → `features`; `head` has no temperature
    yet. `looks` [N, E] is what tells how alike two examples are: the frozen network's features where `frozen`, else
    something simpler, from which nothing can be said of strangers. Where `trunk` was fine-tuned, `frozen_trunk` is the
    network before that, which makes the looks; None where that is `trunk` itself.

    `sample` is uint8 [M, S, S, 3], a few training pictures, with `sample_features` [M, D] and `sample_looks` [M, E] as
    training has them; `stranger_features` [K, D] and `stranger_looks` [K, E] are those of pictures of no category.
    `probe` is the one on the looks, None where there is none, and `epochs` what was seen while learning, if any;
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
    probe: Probe | None = None
    epochs: tuple[Epoch, ...] = ()
    network: bytes | None = None
    int8: Trial | None = None

    @property
    def targets(self) -> NDArray[np.int64]:
        """[H], the true categories of the pictures that were held out."""
        return np.array(self.dataset.targets)[self.held_out.rows]
