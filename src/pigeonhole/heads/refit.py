"""A head learnt again after a few labels changed, in a fraction of a second: what a page that corrects labels needs.

Nothing heavier than numpy is loaded, and no picture, network or file is looked at: features are all it takes.

    refitted = refit(features, labels)
    refitted = refit(features, corrected, refitted)  # quicker: the same pictures
    print(refitted.accuracy, refitted.out_of_fold, refitted.probabilities(others))
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.folds import fold_of_each
from pigeonhole.dataset.split import split_by
from pigeonhole.errors import DataError
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.proportion import Proportion, cross_validated
from pigeonhole.evaluation.temperature import calibrate
from pigeonhole.files import digest
from pigeonhole.heads.blended_head import Blend, fit_heads
from pigeonhole.heads.logistic_regression import HeadFitter
from pigeonhole.text import printable

GROWN = 1.25  # times the pictures that the regularisation was chosen by: then it is chosen anew


@dataclass(frozen=True, slots=True)
class Refitted:
    """A calibrated `head` for `categories` (sorted), learnt from all pictures.

    `accuracy` is the out-of-fold one with the interval of the finished head, `out_of_fold` float64 [N, C] the
    calibrated probabilities of every picture from a head and a temperature that had not seen it or its group.
    `blend` holds regularisation and shares, chosen by so many pictures as `chosen_by` says; `features` [N, D] (not a
    copy of them) and `fitter` are kept for the next time.
    """

    categories: tuple[str, ...]
    head: Head
    accuracy: Proportion
    out_of_fold: NDArray[np.float64]
    blend: Blend
    chosen_by: int
    features: NDArray[np.float32]
    fitter: HeadFitter

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """For the features [M, D] of any pictures: [M, C], in the order of `categories`; each row sums to 1."""
        return self.head.probabilities(features)


def refit(
    features: NDArray[np.float32],
    labels: Sequence[str],
    previous: Refitted | None = None,
    *,
    digests: Sequence[str] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> Refitted:
    """A head for the `features` [N, D] of N pictures with their `labels` [N].

    `previous` saves time only: the principal axes where the features are the same, and the search for the
    regularisation where neither the categories nor, by much, the number of pictures have changed. Every head is fitted
    from zero, so that none has seen a picture that it judges under an earlier label.

    `digests` [N] name the pictures, and say in which fold each is held out; without them their features do. `groups`
    [N] numbers what belongs together and is held out together, such as near-duplicates; without them only pictures of
    equal features do. With the SHA-256 of the files and the groups of a training, the folds are those of that training.

    Raises DataError where there are fewer than two categories, or fewer than two different pictures of one.
    """
    keys = list(digests) if digests is not None else [digest(row.tobytes()) for row in features]
    _check(keys, labels)
    names, targets = np.unique(np.array(labels), return_inverse=True)
    categories = tuple(names.tolist())
    together = np.unique(np.array(keys), return_inverse=True)[1] if groups is None else groups
    split = split_by(fold_of_each(keys, targets, together, seed=0), "", together)
    fitter, like, chosen_by = None, None, len(labels)
    if previous is not None:
        if np.array_equal(previous.features, features):
            fitter = previous.fitter
        if previous.categories == categories and 1 / GROWN < len(labels) / previous.chosen_by < GROWN:
            like, chosen_by = previous.blend, previous.chosen_by
    probe = fit_heads(fitter or HeadFitter.of(features[None]), targets, split, like, lambda: None)
    held_out = probe.held_out
    truth = targets[held_out.rows]
    calibration = calibrate(held_out, truth)
    out_of_fold = np.empty_like(calibration.scores)
    out_of_fold[held_out.rows] = calibration.scores
    right = held_out.logits.argmax(axis=1) == truth
    return Refitted(
        categories=categories,
        head=replace(probe.head, temperature=calibration.temperature),
        accuracy=cross_validated(right, held_out.rows, split),
        out_of_fold=out_of_fold,
        blend=probe.blend,
        chosen_by=chosen_by,
        features=features,
        fitter=probe.fitter,
    )


def _check(keys: Sequence[str], labels: Sequence[str]) -> None:
    different = Counter(label for label, _ in set(zip(labels, keys, strict=True)))
    if len(different) < 2:
        raise DataError("There are fewer than two categories, so there is nothing to tell apart.")
    if few := sorted(label for label, count in different.items() if count < 2):
        raise DataError(
            f"These categories have fewer than 2 different pictures: {', '.join(map(printable, few))}.",
            "Add pictures to each, or take the category away.",
        )
