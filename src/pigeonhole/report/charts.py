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
    """Which category is taken for which."""
    evaluation = content.collected.evaluation
    labels = [printable(label) for label in evaluation.labels]
    matrix = confusion(evaluation)
    draw, size = figures.confusion_matrix(matrix, evaluation.labels)
    cells = [[label, *map(str, row)] for label, row in zip(labels, matrix.tolist(), strict=True)]
    return Chart(
        "confusion",
        "What is taken for what",
        "A row for each true category, a column for each answer: everything beside the diagonal is a mistake.",
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
            "ROC: can each category be told from the others?",
            "The closer to the upper left corner, the better. The area, in brackets, is 1 at best; guessing has 0.5.",
            figures.lines(curves, "false positive rate", "true positive rate", diagonal=True),
            ["category", "area", "true positive rate at 1 %, 5 %, 10 % false positives"],
            [[*_named(curve), _at(curve, (0.01, 0.05, 0.1))] for curve in curves],
        )
        curves = precision_recall(truths, scores, labels)
        yield _chart(
            "precision-recall",
            "Precision and recall",
            "How many of the answers are right, against how many of the pictures are found, for every possible bar.",
            figures.lines(curves, "recall", "precision"),
            ["category", "average precision", "precision at a recall of 50 %, 90 %, 99 %"],
            [[*_named(curve), _at(curve, (0.5, 0.9, 0.99))] for curve in curves],
        )
    right = evaluation.truths == evaluation.answers
    bins = calibration(evaluation.scores, right)
    yield _chart(
        "calibration",
        "Does a score mean what it says?",
        "Of all answers with a score of 0.9, nine in ten should be right: then the points lie on the diagonal.",
        figures.calibration_curve(bins),
        ["mean score", "right", "pictures"],
        [[f"{score:.3f}", f"{100 * share:.1f} %", str(count)] for score, share, count in bins],
    )
    curve = risk_coverage(evaluation.scores, right)
    yield _chart(
        "risk-coverage",
        "What if a person looks at the unsure ones?",
        "The share of wrong answers among the surest so many of the pictures.",
        figures.lines([curve], "share of the pictures answered", "share of wrong answers"),
        ["answered", "wrong"],
        [
            [f"{100 * share:.0f} %", f"{100 * np.interp(share, curve.x, curve.y):.2f} %"]
            for share in (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
        ],
    )


def learning_charts(content: ReportData) -> Iterator[Chart]:
    """What happened while it learnt, and whether more pictures would help."""
    if epochs := content.epochs:
        numbers = [each.number for each in epochs]
        cells = [
            [str(each.number), f"{each.training_loss:.4f}", f"{each.loss:.4f}", f"{100 * each.right:.1f} %"]
            for each in epochs
        ]
        losses = [
            ("pictures learnt from", numbers, [each.training_loss for each in epochs]),
            ("pictures held out", numbers, [each.loss for each in epochs]),
        ]
        header = ["epoch", "loss, learnt from", "loss, held out", "right, held out"]
        words = "Where the loss of held-out pictures rises again, it begins to learn its pictures by heart."
        yield _chart("loss", "Loss after each epoch", words, figures.series(losses, "epoch", "loss"), header, cells)
        shares = [("held out", numbers, [100 * each.right for each in epochs])]
        draw = figures.series(shares, "epoch", "right, held out (%)")
        yield _chart("accuracy", "Accuracy after each epoch", "On pictures held out.", draw, header, cells)
    if growth := content.growth:
        points = [_point(each) for each in growth]
        yield _chart(
            "growth",
            "Would more pictures help?",
            _advice(content),
            figures.with_interval(points, "pictures learnt from", "right, held out (%)"),
            ["pictures", "right", "95 % interval"],
            [[str(count), f"{share:.1f} %", f"{low:.1f} to {high:.1f} %"] for count, share, low, high in points],
        )


def _point(each: Growth) -> tuple[int, float, float, float]:
    low, high = each.right.interval
    return each.pictures, 100 * each.right.share, 100 * low, 100 * high


def _advice(content: ReportData) -> str:
    """What the last doubling of the pictures brought says what another might."""
    last, before = content.growth[-1].right, content.growth[-2].right if len(content.growth) > 1 else None
    if before is None:
        return "There are too few pictures to say."
    gained = 100 * (last.share - before.share)
    if last.share - before.share > last.interval[1] - last.share:
        return f"Yes: the last step brought {gained:.1f} points, and another is likely to bring some more."
    return f"Not by much: the last step brought {gained:.1f} points, which is within the uncertainty."


def _chart(  # noqa: PLR0917  # in the order in which they stand on the page
    name: str, title: str, words: str, draw: figures.Draw, header: Sequence[str], cells: Cells
) -> Chart:
    light, dark = figures.drawn(draw, figures.LIGHT), figures.drawn(draw, figures.DARK)
    return Chart(name, title, words, light, dark, header, cells)


def _named(curve: Curve) -> list[str]:
    return [printable(curve.name), f"{curve.area:.4f}"]


def _at(curve: Curve, places: Sequence[float]) -> str:
    return ", ".join(f"{np.interp(place, curve.x, curve.y):.3f}" for place in places)
