"""An evaluation in a few sentences and a table."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from pigeonhole.evaluation.running import Evaluation
from pigeonhole.text import printable, quantity

MOST_NAMED = 10  # folders that are no category


def sentences(evaluation: Evaluation) -> Iterator[str]:
    """What a reader wants to know first."""
    accuracy = evaluation.accuracy
    if accuracy:
        yield f"Accuracy: {accuracy}."
        error = 100 * evaluation.calibration_error
        yield f"Calibration error: scores are {error:.1f} percentage points off on average."
        yield f"Log loss: {evaluation.log_loss:.3f}."
        if evaluation.known_unknown:
            yield f"{evaluation.known_unknown} of these {accuracy.total} pictures were answered with unknown."
    if evaluation.ood:
        yield (
            f"{evaluation.ood_unknown} of {evaluation.ood} pictures that belong to no category "
            "were answered with unknown."
        )
        yield f"Folders that are no category, with their pictures: {_named(evaluation.other_folders)}."
    if evaluation.unlabelled:
        yield (
            quantity(evaluation.unlabelled, "picture is", "pictures are") + " not in a category folder and not scored."
        )


def _named(folders: Counter[str]) -> str:
    named = [f"{printable(folder)} ({count})" for folder, count in folders.most_common(MOST_NAMED)]
    more = len(folders) - len(named)
    return ", ".join(named) + (f" and {more} more folders" if more else "")


def table(evaluation: Evaluation) -> Table:
    """Precision, recall and F1 of every category."""
    result = Table("category", box=None, pad_edge=False, header_style="")
    for title in ("pictures", "precision", "recall", "F1"):
        result.add_column(title, justify="right")
    for each in evaluation.categories():
        figures = (f"{100 * share:.1f} %" for share in (each.precision, each.recall, each.f1))
        result.add_row(printable(each.category).replace("[", "\\["), str(each.pictures), *figures)
    return result


def fields(evaluation: Evaluation) -> dict[str, Any]:
    """The same for programs."""
    record: dict[str, Any] = {
        "no_category": evaluation.ood,
        "no_category_unknown": evaluation.ood_unknown,
        "other_folders": dict(evaluation.other_folders),
        "unlabelled": evaluation.unlabelled,
        "known_unknown": evaluation.known_unknown,
    }
    accuracy = evaluation.accuracy
    if accuracy:
        low, high = accuracy.interval
        record |= {
            "right": accuracy.right,
            "total": accuracy.total,
            "accuracy": accuracy.share,
            "low": low,
            "high": high,
            "log_loss": evaluation.log_loss,
            "calibration_error": evaluation.calibration_error,
            "categories": {
                each.category: {
                    "pictures": each.pictures,
                    "precision": each.precision,
                    "recall": each.recall,
                    "f1": each.f1,
                }
                for each in evaluation.categories()
            },
        }
    return record
