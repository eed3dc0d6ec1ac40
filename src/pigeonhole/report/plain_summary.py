"""The result of an evaluation in two sentences that need no statistics."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from pigeonhole.evaluation.running import Evaluation
from pigeonhole.text import printable

LEAST_SKILL = 0.5  # share of the majority baseline's mistakes that have to be avoided
HARD = 0.8  # accuracy below which help is offered


def in_plain_words(evaluation: Evaluation) -> tuple[str, str]:
    """How good the answers are, and the most frequent mistake or what to do."""
    accuracy = evaluation.accuracy
    if accuracy is None:
        return "These pictures are not in category folders, so the answers cannot be scored.", ""
    low, high = (round(100 * share) for share in accuracy.interval)
    most, majority = _most_frequent(evaluation)
    is_comparable = majority < 1  # with a single category, always answering it is always right
    if is_comparable and (accuracy.share - majority) / (1 - majority) < LEAST_SKILL:
        return (
            f"This cannot be learnt reliably from these pictures: {round(100 * accuracy.share)} of 100 answers are "
            f"right, and always answering {most} would be right in {round(100 * majority)} of 100.",
            "Check whether the pictures are in the right folders (bash pigeonhole.sh check) and whether a person could "
            "tell them apart.",
        )
    if is_comparable and accuracy.interval[0] <= majority:
        return (
            f"These pictures are too few to say how good the answers are: {accuracy.right} of {accuracy.total} are "
            f"right, and always answering {most} would be right in {round(majority * accuracy.total)}.",
            "Use more pictures of every category.",
        )
    first = (
        f"About {round(100 * accuracy.share)} of 100 similar new pictures should be sorted correctly "
        f"({low} to {high}, estimated from {accuracy.total} pictures)."
    )
    confusions = list(confused(evaluation))
    if not confusions:
        return first, "There was no mistake on these pictures."
    truth, answer, count = confusions[0]
    often = (
        f"Most frequent mistake: {truth} taken for {answer} ({count} of {accuracy.total - accuracy.right} mistakes)."
    )
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
