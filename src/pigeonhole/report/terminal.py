"""The report for those who stay on the terminal: the verdict, a small confusion matrix, the worst mistakes."""

from collections.abc import Iterator

import click
from rich.console import Console
from rich.table import Table

from pigeonhole.evaluation.running import Evaluation
from pigeonhole.report.collector import Collector
from pigeonhole.report.plain_summary import confusion, verdict
from pigeonhole.text import printable, score_text

WORST = 5
MOST_COLUMNS = 8  # categories that a terminal has room for


def print_report(collected: Collector) -> None:
    """Print all three, the verdict first."""
    for sentence in filter(None, verdict(collected.evaluation)):
        click.echo(sentence)
    if table := matrix(collected.evaluation):
        Console(highlight=False).print(table)
    for line in mistakes(collected):
        click.echo(line)


def matrix(evaluation: Evaluation) -> Table | None:
    """True categories down, answers across; None where there are too many."""
    if evaluation.accuracy is None or len(evaluation.labels) > MOST_COLUMNS:
        return None
    names = [printable(label).replace("[", "\\[") for label in evaluation.labels]
    result = Table("", box=None, pad_edge=False, header_style="")
    for name in names:
        result.add_column(f"→ {name}", justify="right")
    for name, row in zip(names, confusion(evaluation).tolist(), strict=True):
        result.add_row(name, *map(str, row))
    return result


def mistakes(collected: Collector) -> Iterator[str]:
    """The WORST, with the most certain first."""
    for each in collected.worst[:WORST]:
        said = f"{printable(each.category)} (score = {score_text(each.score)})"
        yield f"  wrong: {printable(each.relative)}: {said}"
