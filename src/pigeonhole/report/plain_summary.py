"""What an evaluation comes to, in two sentences for people who know nothing of statistics."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from pigeonhole.evaluation.running import Evaluation
from pigeonhole.text import printable

LEAST_SKILL = 0.5  # of the mistakes of always giving the most frequent answer that have to be avoided
HARD = 0.8  # of the pictures right, below which help is offered


def verdict(evaluation: Evaluation) -> tuple[str, str]:
    """How good it is, and what is to be known besides."""
    accuracy = evaluation.accuracy
    if accuracy is None:
        return "Nobody said what is on these pictures, so nothing can be said of how good the answers are.", ""
    low, high = (round(100 * share) for share in accuracy.interval)
    most, majority = _most_frequent(evaluation)
    if accuracy.interval[0] <= majority or (accuracy.share - majority) / (1 - majority) < LEAST_SKILL:
        return (
            f"This cannot be learnt reliably from these pictures: {round(100 * accuracy.share)} of 100 answers are "
            f"right, and always answering {most} would be right in {round(100 * majority)} of 100.",
            "Check whether the pictures lie in the right categories (bash pigeonhole.sh check), and whether a "
            "person could tell them apart.",
        )
    first = (
        f"Of 100 new pictures like these, about {round(100 * accuracy.share)} are put in the right place "
        f"(between {low} and {high}, as far as {accuracy.total} pictures can tell)."
    )
    confusions = list(confused(evaluation))
    if not confusions:
        return first, "It made no mistake on these pictures."
    truth, answer, count = confusions[0]
    often = f"It most often takes {truth} for {answer} ({count} of {accuracy.total - accuracy.right} mistakes)."
    return first, often + (" More pictures of these two would help." if accuracy.share < HARD else "")


def confused(evaluation: Evaluation) -> Iterator[tuple[str, str, int]]:
    """True category, answer, how often: the most frequent mistake first."""
    truths, answers = evaluation.truths.tolist(), evaluation.answers.tolist()
    pairs = Counter(pair for pair in zip(truths, answers, strict=True) if pair[0] != pair[1])
    for (truth, answer), count in pairs.most_common():
        yield printable(evaluation.labels[truth]), printable(evaluation.labels[answer]), count


def confusion(evaluation: Evaluation) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    """How many pictures of each category (row) got each answer (column), int64 [C, C]."""
    count = len(evaluation.labels)
    matrix = np.zeros((count, count), dtype=np.int64)
    np.add.at(matrix, (evaluation.truths, evaluation.answers), 1)
    return matrix


def _most_frequent(evaluation: Evaluation) -> tuple[str, float]:
    """The most frequent category among these pictures, and its share."""
    counts = np.bincount(evaluation.truths, minlength=len(evaluation.labels))
    return printable(evaluation.labels[int(counts.argmax())]), float(counts.max() / counts.sum())
