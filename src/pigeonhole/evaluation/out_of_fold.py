"""Predictions for pictures that the head was not trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pigeonhole.dataset.split import Split


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Logits [H, C] of the examples `rows` [H] of a dataset, each from a head trained on none of its group.

    `folds` [H] says in which fold each was held out.
    """

    rows: NDArray[np.int64]
    logits: NDArray[np.float64]
    folds: NDArray[np.int64]

    @classmethod
    def of(cls, split: Split, logits: list[NDArray[np.float64]]) -> "OutOfFold":
        """From the logits of each fold of `split`, in the order of its `held_out`."""
        return cls(
            np.concatenate([fold.held_out for fold in split.folds]),
            np.concatenate(logits),
            np.concatenate([np.full(len(fold.held_out), number) for number, fold in enumerate(split.folds)]),
        )

    def of_rows(self, rows: NDArray[np.int64]) -> "OutOfFold":
        """The same of the examples `rows` alone."""
        kept = np.isin(self.rows, rows)
        return OutOfFold(self.rows[kept], self.logits[kept], self.folds[kept])
