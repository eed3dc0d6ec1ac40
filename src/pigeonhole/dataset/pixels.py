"""The pixels of labelled pictures, where a recipe needs all of them at once or a fair sample."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Dataset
from pigeonhole.images import Preprocessing
from pigeonhole.output import Output
from pigeonhole.records import Failed, Unreadable
from pigeonhole.stream import Decoded, decoded


def pixels_of(
    dataset: Dataset, preprocessing: Preprocessing, output: Output
) -> tuple[Dataset, NDArray[np.uint8], NDArray[np.uint8]]:
    """The readable part of `dataset`, and its examples and its `ood`, uint8 [N, S, S, 3], in the same order."""
    pictures: dict[Path, NDArray[np.uint8]] = {}
    problems: list[Unreadable | Failed] = []
    everything = [*dataset.examples, *dataset.ood]
    with output.stage("Looking at pictures", len(everything)) as advance:
        for item in decoded((example.found for example in everything), preprocessing):
            advance()
            if isinstance(item, Decoded):
                pictures[item.found.path] = item.pixels
            elif isinstance(item, Unreadable | Failed):
                problems.append(item)
    kept = dataset.without(problems) if problems else dataset
    none = np.empty((0, preprocessing.size, preprocessing.size, 3), dtype=np.uint8)
    examples, ood = (
        np.stack([pictures[example.found.path] for example in part]) if part else none
        for part in (kept.examples, kept.ood)
    )
    return kept, examples, ood
