"""Shortcuts: properties other than the content that give a category away (Geirhos et al. 2020, arXiv 2004.07780).

A network learns whatever is easiest: where all pictures of one film have a thin black border, it learns the border.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import matthews_corrcoef
from sklearn.tree import DecisionTreeClassifier

from pigeonhole.check.appearance import Appearance
from pigeonhole.check.findings import Finding
from pigeonhole.dataset.split import Split
from pigeonhole.text import printable

ENOUGH = 10  # pictures of a category, to say anything about it
# Matthews' correlation between a category and what a tree of a few questions says of held-out pictures: 0 is chance, 1
# is always right.
TELLING = 0.6
BORDER = "an even border"
CURE = "`pigeonhole crop-borders IN OUT` cuts borders off"


def find_shortcuts(
    seen: Sequence[Appearance], targets: NDArray[np.int64], categories: Sequence[str], split: Split
) -> Iterator[Finding]:
    """A finding for each category and each of size, aspect ratio and border that gives it away."""
    measurements = {
        "its size in pixels": [(each.width, each.height) for each in seen],
        "its aspect ratio": [(each.width / each.height,) for each in seen],
        BORDER: [each.border for each in seen],
    }
    for name, measured in measurements.items():
        answers = _answers(np.array(measured, dtype=np.float64), targets, split)
        for target, category in enumerate(categories):
            own = targets == target
            if own.sum() < ENOUGH:
                continue
            if matthews_corrcoef(own, answers == target) >= TELLING:
                right = int((answers[own] == target).sum())
                wrong = int((answers[~own] == target).sum())
                yield Finding(
                    "shortcut",
                    (),
                    f"{name} alone identifies {printable(category)}: {right} of its {own.sum()} pictures are recognised"
                    f" by it, and {wrong} of the {(~own).sum()} others are mistaken for it"
                    + (f"; {CURE}" if name == BORDER else ""),
                )


def _answers(measured: NDArray[np.float64], targets: NDArray[np.int64], split: Split) -> NDArray[np.int64]:
    """What a small decision tree says of each example [N] from `measured` [N, F], trained on other groups."""
    answers = np.full(len(targets), -1)
    for fold in split.folds:
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=5, class_weight="balanced", random_state=0)
        tree.fit(measured[fold.train], targets[fold.train])
        answers[fold.held_out] = tree.predict(measured[fold.held_out])
    return answers
