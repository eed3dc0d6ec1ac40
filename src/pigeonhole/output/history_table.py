"""The journal's lines as a table for people, as CSV or JSON lines for programs. A million lines need no memory."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pigeonhole.records import Entry
from pigeonhole.text import printable, score_text

FIELDS = ("number", "state", "outcome", "category", "score", "placing", "source", "target", "sha256", "reason")
PAGE = 200  # lines of the table that are laid out together


def write_table(entries: Iterable[Entry]) -> None:
    console = Console(highlight=False)
    lines = iter(entries)
    heading = True
    while page := list(islice(lines, PAGE)):
        console.print(_table(page, heading=heading))
        heading = False


def write_csv(entries: Iterable[Entry]) -> None:
    # Names pass as the bytes that they are: not all are text.
    stream = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogateescape", newline="", write_through=True)
    try:
        writer = csv.writer(stream)
        writer.writerow(FIELDS)
        writer.writerows(_values(entry).values() for entry in entries)
        stream.flush()
    finally:
        stream.detach()


def write_json(entries: Iterable[Entry]) -> None:
    for line in _json_lines(entries):
        sys.stdout.write(line)


def _json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(_values(entry)) + "\n"


def _values(entry: Entry) -> dict[str, str | int | float | None]:
    return {
        "number": entry.number,
        "state": entry.state,
        "outcome": entry.outcome,
        "category": entry.category,
        "score": entry.score,
        "placing": entry.placing,
        "source": str(entry.source),
        "target": None if entry.target is None else str(entry.target),
        "sha256": entry.sha256,
        "reason": entry.reason,
    }


def _table(page: list[Entry], *, heading: bool) -> Table:
    table = Table(box=None, show_header=heading, pad_edge=False)
    table.add_column("#", justify="right", width=7)
    table.add_column("state", width=7)
    table.add_column("outcome", width=10)
    table.add_column("score", width=7)
    table.add_column("from", ratio=1, overflow="fold")
    table.add_column("to", ratio=1, overflow="fold")
    for entry in page:
        table.add_row(*map(Text, _cells(entry)))
    return table


def _cells(entry: Entry) -> Iterator[str]:
    yield str(entry.number)
    yield entry.state
    yield entry.outcome
    yield "" if entry.score is None else score_text(entry.score)
    yield printable(entry.source)
    where = "left there" if entry.target is None else printable(entry.target)
    yield f"{where} ({printable(entry.reason)})" if entry.reason else where
