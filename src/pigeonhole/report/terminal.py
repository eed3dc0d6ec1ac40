"""The report on the terminal: a plain summary, a small confusion matrix, the most confident mistakes."""

from collections.abc import Iterator

import click
from rich.console import Console
from rich.table import Table

from pigeonhole.evaluation.running import Evaluation
from pigeonhole.report.collector import Collector
from pigeonhole.report.plain_summary import confusion, in_plain_words
from pigeonhole.text import printable, score_text

WORST = 5
MOST_COLUMNS = 8  # categories that a terminal has room for


def print_report(collected: Collector) -> None:
    """Print all three, the summary first."""
    for sentence in filter(None, in_plain_words(collected.evaluation)):
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
    """Up to WORST mistakes, the most confident first."""
    for each in collected.worst[:WORST]:
        said = f"{printable(each.category)} (score = {score_text(each.score)})"
        yield f"  mistake: {printable(each.relative)} answered with {said}"
