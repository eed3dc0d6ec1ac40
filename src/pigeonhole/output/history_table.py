"""The journal's lines as a table for people, as CSV or JSON lines for programs. A million lines need no memory."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pigeonhole.journal.entry import JournalEntry
from pigeonhole.text import printable, score_text

FIELDS = ("number", "state", "outcome", "category", "score", "placing", "source", "target", "sha256", "reason")
PAGE = 200  # lines of the table that are laid out together


def write_table(out: Path, entries: Iterable[JournalEntry]) -> None:
    console = Console(highlight=False)
    lines = iter(entries)
    heading = True
    while page := list(islice(lines, PAGE)):
        console.print(_table(out, page, heading=heading))
        heading = False


def write_csv(out: Path, entries: Iterable[JournalEntry]) -> None:
    # Names pass as the bytes that they are: not all are text.
    stream = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "surrogateescape", newline="", write_through=True)
    try:
        writer = csv.writer(stream)
        writer.writerow(FIELDS)
        writer.writerows(_values(out, entry).values() for entry in entries)
        stream.flush()
    finally:
        stream.detach()


def write_json(out: Path, entries: Iterable[JournalEntry]) -> None:
    for line in _json_lines(out, entries):
        sys.stdout.write(line)


def _json_lines(out: Path, entries: Iterable[JournalEntry]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(_values(out, entry)) + "\n"


def _values(out: Path, entry: JournalEntry) -> dict[str, str | int | float | None]:
    return {
        "number": entry.id,
        "state": entry.state,
        "outcome": entry.verdict,
        "category": entry.category,
        "score": entry.score,
        "placing": entry.placing,
        "source": str(entry.source),
        "target": None if entry.target is None else str(out / entry.target),
        "sha256": entry.sha256,
        "reason": _reason(entry),
    }


def _table(out: Path, page: list[JournalEntry], *, heading: bool) -> Table:
    table = Table(box=None, show_header=heading, pad_edge=False)
    table.add_column("#", justify="right", width=7)
    table.add_column("state", width=7)
    table.add_column("outcome", width=10)
    table.add_column("score", width=7)
    table.add_column("from", ratio=1, overflow="fold")
    table.add_column("to", ratio=1, overflow="fold")
    for entry in page:
        table.add_row(*map(Text, _cells(out, entry)))
    return table


def _cells(out: Path, entry: JournalEntry) -> Iterator[str]:
    yield str(entry.id)
    yield entry.state
    yield entry.verdict
    yield "" if entry.score is None else score_text(entry.score)
    yield printable(entry.source)
    where = "not placed" if entry.target is None else printable(out / entry.target)
    yield f"{where} ({printable(reason)})" if (reason := _reason(entry)) else where


def _reason(entry: JournalEntry) -> str:
    return "; ".join(text for text in (entry.reason, entry.trouble) if text)
