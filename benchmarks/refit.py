"""How long a head takes to learn again after some labels changed, and with its out-of-fold accuracy.

python benchmarks/refit.py [--pictures 1000] [--categories 10] [--features FILE.npz]

Features are clouds of points as wide as the built-in backbone's, or those of FILE.npz: `x` float32 [N, D], `y` labels
[N]. Seconds of wall clock and of processor time, the best of five.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.heads.refit import Refitted, refit

WIDTH = 1408
CHANGED = 5  # labels
ADDED = 10  # pictures
TIMES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--categories", type=int, default=10)
    parser.add_argument("--features", type=Path)
    options = parser.parse_args()
    if options.features:
        stored = np.load(options.features)
        features, labels = stored["x"].astype(np.float32), stored["y"].tolist()
    else:
        features, labels = _clouds(options.pictures, options.categories)
    changed = [*labels[1 : CHANGED + 1], *labels[CHANGED:]]
    first = refit(features, labels)
    fewer = refit(features[:-ADDED], labels[:-ADDED])
    print(f"{len(labels)} pictures in {len(first.categories)} categories; accuracy {first.accuracy}.\n")  # noqa: T201
    print("| refit | seconds | of processor time |\n|---|---:|---:|")  # noqa: T201
    for name, work in {
        "from nothing": lambda: refit(features, labels),
        f"{CHANGED} labels changed": lambda: refit(features, changed, first),
        f"{ADDED} pictures added": lambda: refit(features, labels, fewer),
    }.items():
        wall, cpu = _best(work)
        print(f"| {name} | {wall:.2f} | {cpu:.2f} |")  # noqa: T201


def _clouds(pictures: int, categories: int) -> tuple[NDArray[np.float32], list[str]]:
    chance = np.random.default_rng(0)
    targets = np.arange(pictures) % categories
    widths = 1 / np.sqrt(1 + np.arange(WIDTH))
    centres = chance.normal(size=(categories, WIDTH))
    points = (centres[targets] + 8 * chance.normal(size=(pictures, WIDTH))) * widths
    return points.astype(np.float32), [f"{target:03}" for target in targets]


def _best(work: Callable[[], Refitted]) -> tuple[float, float]:
    taken = []
    for _ in range(TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(each[0] for each in taken), min(each[1] for each in taken)


if __name__ == "__main__":
    main()
