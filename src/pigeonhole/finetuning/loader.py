"""Training pictures in batches: read, decoded and augmented; the same ones for the same seed, whoever prepares them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pigeonhole.cpus import available_cpus
from pigeonhole.dataset.folders import Example
from pigeonhole.decoding.face import face_search
from pigeonhole.errors import DataError, UnreadableError
from pigeonhole.files import digest, read
from pigeonhole.finetuning.augment import augmentation
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.images.views import canvas_of
from pigeonhole.text import printable

WORKERS_AT_MOST = 16


@dataclass(frozen=True, slots=True)
class View:
    """How pictures are seen in one epoch: augmented to `size` pixels, or plain where `size` is None."""

    size: int | None
    seed: int = 0
    epoch: int = 0


class Pictures(Dataset[tuple[Tensor, int]]):
    """(uint8 [S, S, 3], category) of the example in a row that stands at a place in the epoch's order.

    Its chances depend on seed, epoch and place alone, not on which process prepares it, or when.
    """

    def __init__(
        self, examples: Sequence[Example], targets: NDArray[np.int64], preprocessing: Preprocessing, view: View
    ) -> None:
        self._examples = examples
        self._targets = targets
        self._view = view
        self._preprocessing = canvas_of(preprocessing) if view.size else preprocessing
        self._augmentation = augmentation(view.size) if view.size else None

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, item: tuple[int, int]) -> tuple[Tensor, int]:
        place, row = item
        example = self._examples[row]
        try:
            data = read(example.found.path)[0]
            face = face_search(data, self._preprocessing, example.found.face, None)
            pixels = torch.from_numpy(to_square(data, self._preprocessing, part=face.box if face else None).copy())
        except (UnreadableError, OSError) as error:
            raise DataError(
                f"{printable(example.found.path)} could be read before and cannot any more ({error}).", "Train again."
            ) from None
        if self._augmentation is not None:
            with torch.random.fork_rng(devices=[]):
                text = f"{self._view.seed} {self._view.epoch} {place}"
                # Not torch.manual_seed, which notes for each kind of GPU who asked: a millisecond for each picture.
                torch.default_generator.manual_seed(int(digest(text.encode())[:15], 16))
                pixels = self._augmentation(pixels.permute(2, 0, 1)).permute(1, 2, 0)
        return pixels.contiguous(), int(self._targets[row])


def batches(
    pictures: Pictures, rows: NDArray[np.int64], batch: int, device: torch.device, part: tuple[int, int] = (0, 1)
) -> Iterator[tuple[Tensor, Tensor]]:
    """uint8 [N, S, S, 3] and int64 [N] on `device`, the examples `rows` in this order; of several processes (number,
    count), each takes its `part`.

    For a GPU other processes decode ahead; on a CPU the network itself needs all cores.
    """
    on_gpu = device.type == "cuda"
    workers = min(available_cpus(), WORKERS_AT_MOST) if on_gpu else 0
    own = list(enumerate(rows.tolist()))[part[0] :: part[1]]
    loader = DataLoader(pictures, batch, sampler=own, num_workers=workers, pin_memory=on_gpu)
    for pixels, targets in loader:
        yield pixels.to(device, non_blocking=True), targets.to(device, non_blocking=True)


def balanced_order(rows: NDArray[np.int64], targets: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """About len(rows) of the examples `rows` by chance, equally many of each category.

    `targets` [N] are those of all examples. Categories with few pictures come round several times an epoch, each
    picture about equally often; of those with many, other pictures are left out in each epoch.
    """
    chance = np.random.default_rng([seed, epoch])
    categories = np.unique(targets[rows])
    each = -(-len(rows) // len(categories))
    chosen = []
    for category in categories:
        own = rows[targets[rows] == category]
        rounds = [chance.permutation(own) for _ in range(-(-each // len(own)))]
        chosen.append(np.concatenate(rounds)[:each])
    order: NDArray[np.int64] = chance.permutation(np.concatenate(chosen))
    return order
