"""What is measured of each picture, and the mean picture of each category, in one reading."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.near_duplicates import thumbnail
from pigeonhole.errors import UnreadableError
from pigeonhole.files import read
from pigeonhole.images import Preprocessing, upright_size
from pigeonhole.output import Output
from pigeonhole.records import Failed, Unreadable
from pigeonhole.stream import Decoded, decoded

WHOLE = Preprocessing(size=128, fraction=1.0, crop="squeeze")


@dataclass(frozen=True, slots=True)
class Measured:
    """`width` and `height` in pixels, as shown; `brightness`, `contrast` (its standard deviation) and `saturation` are
    from 0 to 1; `thumbnail` uint8 [32, 32], grey.
    """

    example: Example
    width: int
    height: int
    brightness: float
    contrast: float
    saturation: float
    thumbnail: NDArray[np.uint8]


@dataclass(slots=True)
class Measurements:
    """`pictures` in the order of the examples; `problems` with what cannot be read; `means` of each category, uint8
    [128, 128, 3], every picture squeezed into the square.
    """

    pictures: list[Measured] = field(default_factory=list)
    problems: list[Unreadable | Failed] = field(default_factory=list)
    means: dict[str, NDArray[np.uint8]] = field(default_factory=dict)


def measure(examples: Sequence[Example], output: Output) -> Measurements:
    """Read every picture once, whole."""
    result = Measurements()
    example_of = {example.found.path: example for example in examples}
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros((WHOLE.size, WHOLE.size, 3)))
    counts: dict[str, int] = defaultdict(int)
    with output.stage("Looking at pictures", len(examples)) as advance:
        for item in decoded((example.found for example in examples), WHOLE):
            advance()
            if isinstance(item, Decoded):
                example = example_of[item.found.path]
                try:
                    size = upright_size(read(item.found.path)[0])
                except (UnreadableError, OSError) as error:
                    result.problems.append(Unreadable(item.found.path, str(error)))
                    continue
                sums[example.category] += item.pixels
                counts[example.category] += 1
                result.pictures.append(_measured(example, size, item.pixels))
            elif isinstance(item, Unreadable | Failed):
                result.problems.append(item)
    result.means = {name: (total / counts[name]).round().astype(np.uint8) for name, total in sums.items()}
    return result


def _measured(example: Example, size: tuple[int, int], pixels: NDArray[np.uint8]) -> Measured:
    shares = pixels.astype(np.float32) / 255
    grey = shares.mean(axis=2)
    most = shares.max(axis=2)
    saturation = float(((most - shares.min(axis=2)) / np.maximum(most, 1e-6)).mean())
    return Measured(example, *size, float(grey.mean()), float(grey.std()), saturation, thumbnail(pixels))
