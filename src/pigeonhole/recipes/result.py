"""What every recipe hands over: what it trained, and its out-of-fold predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.findings import Epoch
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.heads.blended_head import Probe
from pigeonhole.images import Preprocessing
from pigeonhole.recipes.int8_trial import Trial


@dataclass(frozen=True, slots=True)
class TrainedRecipe:
    """`dataset` without what could not be read, and `split`, which says who was held out when.

    `backbone` says where the network is from; `trunk` is an ONNX file `pixels` → `features`; `head` has no temperature
    yet. `embeddings` [N, E] tell how alike two examples are: the frozen network's features where `frozen`, else
    something simpler, which tells no out-of-distribution (OOD) images. Where `trunk` was fine-tuned, `frozen_trunk`
    is the network before that, which gives the embeddings; None where that is `trunk` itself.

    `sample` is uint8 [M, S, S, 3], a few training pictures, with `sample_features` [M, D] and `sample_embeddings`
    [M, E] as training has them; `ood_features` [K, D] and `ood_embeddings` [K, E] are those of data/unknown. `probe` is
    the one on the embeddings, None where there is none, and `epochs` what was measured in training, if anything;
    `network` is a saved state dict of a trunk that was trained here; `int8` what was gained where the trunk is in int8.
    """

    recipe: str
    dataset: Dataset
    split: Split
    backbone: dict[str, Any]
    preprocessing: Preprocessing
    trunk: bytes
    head: Head
    held_out: OutOfFold
    embeddings: NDArray[np.floating]
    frozen: bool
    sample: NDArray[np.uint8]
    sample_features: NDArray[np.floating]
    sample_embeddings: NDArray[np.floating]
    ood_features: NDArray[np.floating]
    ood_embeddings: NDArray[np.floating]
    frozen_trunk: bytes | None = None
    probe: Probe | None = None
    epochs: tuple[Epoch, ...] = ()
    network: bytes | None = None
    int8: Trial | None = None

    @property
    def targets(self) -> NDArray[np.int64]:
        """[H], the true categories of the pictures that were held out."""
        return np.array(self.dataset.targets)[self.held_out.rows]
