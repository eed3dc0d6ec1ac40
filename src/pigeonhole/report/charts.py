"""The figures of a report, each with the table that says the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pigeonhole.evaluation.findings import Growth
from pigeonhole.report import figures
from pigeonhole.report.curves import Curve, calibration, precision_recall, risk_coverage, roc
from pigeonhole.report.plain_summary import confusion
from pigeonhole.report.report_data import ReportData
from pigeonhole.text import printable

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is its file's; `light` and `dark` are PNG; `header` and `cells` the same as a table."""

    name: str
    title: str
    words: str
    light: bytes
    dark: bytes
    header: Sequence[str]
    cells: Cells


def confusion_chart(content: ReportData) -> Chart:
    """The confusion matrix."""
    evaluation = content.collected.evaluation
    labels = [printable(label) for label in evaluation.labels]
    matrix = confusion(evaluation)
    draw, size = figures.confusion_matrix(matrix, evaluation.labels)
    cells = [[label, *map(str, row)] for label, row in zip(labels, matrix.tolist(), strict=True)]
    return Chart(
        "confusion",
        "Confusion matrix",
        "One row per true category, one column per answer. Everything off the diagonal is a mistake.",
        figures.drawn(draw, figures.LIGHT, size),
        figures.drawn(draw, figures.DARK, size),
        ["truth", *labels],
        cells,
    )


def curve_charts(content: ReportData) -> Iterator[Chart]:
    """ROC, precision and recall, calibration, risk and coverage."""
    evaluation = content.collected.evaluation
    truths, scores = content.collected.sample
    labels = evaluation.labels
    if curves := roc(truths, scores, labels):
        yield _chart(
            "roc",
            "ROC: how well is each category separated from the others?",
            "The closer to the upper left corner, the better. The area (in brackets) is at most 1; guessing gets 0.5.",
            figures.lines(curves, "false positive rate", "true positive rate", diagonal=True),
            ["category", "area", "true positive rate at 1 %, 5 %, 10 % false positives"],
            [[*_named(curve), _at(curve, (0.01, 0.05, 0.1))] for curve in curves],
        )
        curves = precision_recall(truths, scores, labels)
        yield _chart(
            "precision-recall",
            "Precision and recall",
            "Precision: the share of answers that are right. Recall: the share of a category's pictures that are "
            "found. Each point is one score threshold.",
            figures.lines(curves, "recall", "precision"),
            ["category", "average precision", "precision at a recall of 50 %, 90 %, 99 %"],
            [[*_named(curve), _at(curve, (0.5, 0.9, 0.99))] for curve in curves],
        )
    right = evaluation.truths == evaluation.answers
    bins = calibration(evaluation.scores, right)
    yield _chart(
        "calibration",
        "Does a score mean what it says?",
        "Of all answers with a score of 0.9, nine in ten should be right. Then the points lie on the diagonal.",
        figures.calibration_curve(bins),
        ["mean score", "accuracy", "pictures"],
        [[f"{score:.3f}", f"{100 * share:.1f} %", str(count)] for score, share, count in bins],
    )
    curve = risk_coverage(evaluation.scores, right)
    yield _chart(
        "risk-coverage",
        "What if a person checks the uncertain ones?",
        "The error rate when only the most certain share of the pictures is answered automatically.",
        figures.lines([curve], "share of pictures answered", "error rate"),
        ["answered", "error rate"],
        [
            [f"{100 * share:.0f} %", f"{100 * np.interp(share, curve.x, curve.y):.2f} %"]
            for share in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
        ],
    )


def learning_charts(content: ReportData) -> Iterator[Chart]:
    """Loss and accuracy per epoch, and the learning curve."""
    if epochs := content.epochs:
        numbers = [each.number for each in epochs]
        cells = [
            [str(each.number), f"{each.training_loss:.4f}", f"{each.loss:.4f}", f"{100 * each.right:.1f} %"]
            for each in epochs
        ]
        losses = [
            ("training", numbers, [each.training_loss for each in epochs]),
            ("held out", numbers, [each.loss for each in epochs]),
        ]
        header = ["epoch", "training loss", "held-out loss", "held-out accuracy"]
        words = (
            "Where the held-out loss rises again, the network begins to memorise its training pictures (overfitting)."
        )
        yield _chart("loss", "Loss per epoch", words, figures.series(losses, "epoch", "loss"), header, cells)
        shares = [("held out", numbers, [100 * each.right for each in epochs])]
        draw = figures.series(shares, "epoch", "held-out accuracy (%)")
        yield _chart("accuracy", "Accuracy per epoch", "On held-out pictures.", draw, header, cells)
    if growth := content.growth:
        points = [_point(each) for each in growth]
        yield _chart(
            "growth",
            "Would more pictures help?",
            _advice(content),
            figures.with_interval(points, "training pictures", "held-out accuracy (%)"),
            ["training pictures", "accuracy", "95 % interval"],
            [[str(count), f"{share:.1f} %", f"{low:.1f} to {high:.1f} %"] for count, share, low, high in points],
        )


def _point(each: Growth) -> tuple[int, float, float, float]:
    low, high = each.right.interval
    return each.pictures, 100 * each.right.share, 100 * low, 100 * high


def _advice(content: ReportData) -> str:
    """The last doubling of the training pictures says what another might bring."""
    last, before = content.growth[-1].right, content.growth[-2].right if len(content.growth) > 1 else None
    if before is None:
        return "There are too few pictures to say."
    gained = 100 * (last.share - before.share)
    if last.share - before.share > last.interval[1] - last.share:
        return f"Yes: the last doubling brought {gained:.1f} percentage points, and another is likely to help."
    return f"Not much: the last doubling brought {gained:.1f} percentage points, which is within the uncertainty."


def _chart(  # noqa: PLR0917  # in the order in which they stand on the page
    name: str, title: str, words: str, draw: figures.Draw, header: Sequence[str], cells: Cells
) -> Chart:
    light, dark = figures.drawn(draw, figures.LIGHT), figures.drawn(draw, figures.DARK)
    return Chart(name, title, words, light, dark, header, cells)


def _named(curve: Curve) -> list[str]:
    return [printable(curve.name), f"{curve.area:.4f}"]


def _at(curve: Curve, places: Sequence[float]) -> str:
    return ", ".join(f"{np.interp(place, curve.x, curve.y):.3f}" for place in places)
