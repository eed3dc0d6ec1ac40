"""Whether scores mean what they say."""

import numpy as np
from numpy.typing import NDArray

BINS = 15


def expected_calibration_error(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """By how much scores and the share of right answers differ, on average over BINS equally wide bins of the score.

    `scores` [N] (0 to 1), `right` [N]. Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning".
    """
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [abs(float((right[bins == each] - scores[bins == each]).sum())) for each in range(BINS)]
    return sum(gaps) / len(scores)
