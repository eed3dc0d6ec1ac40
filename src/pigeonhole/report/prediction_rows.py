"""One line for every evaluated picture: for a reader, a spreadsheet or a program."""

import csv
import json
from io import StringIO
from typing import Any, Literal

from pigeonhole.evaluation.running import Evaluated
from pigeonhole.records import UNKNOWN
from pigeonhole.text import printable, score_text

Form = Literal["markdown", "csv", "json"]
FIELDS = ("picture", "truth", "answer", "score", "unknown", "ok", "ranking")
MARKS = {True: "OK", False: "NG", None: ""}


def header(form: Form) -> str:
    """What stands before the first line; empty for JSON lines."""
    if form == "markdown":
        return "| picture | truth | ranking | |\n|---|---|---|---|"
    return ",".join(FIELDS) if form == "csv" else ""


def row(form: Form, evaluated: Evaluated) -> str:
    """One line without its end."""
    truth = evaluated.truth or ""
    ranking = [(printable(category), score) for category, score in evaluated.ranking]
    name = printable(evaluated.relative)
    if form == "markdown":
        said = ", ".join(f"{category} {score_text(score)}" for category, score in ranking)
        answer = f"{UNKNOWN}: {said}" if evaluated.unknown else said
        cells = [_cell(each) for each in (name, printable(truth), answer)]
        return f"| {' | '.join(cells)} | {MARKS[evaluated.right]} |"
    if form == "json":
        return json.dumps(record_of(evaluated))
    said = " ".join(f"{category}={score_text(score)}" for category, score in ranking)
    answer = UNKNOWN if evaluated.unknown else printable(evaluated.category)
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(
        [
            name,
            printable(truth),
            answer,
            score_text(evaluated.score),
            int(evaluated.unknown),
            MARKS[evaluated.right],
            said,
        ]
    )
    return line.getvalue()


def record_of(evaluated: Evaluated) -> dict[str, Any]:
    """For JSON."""
    return {
        "picture": str(evaluated.relative),
        "truth": evaluated.truth,
        "category": evaluated.category,
        "score": evaluated.score,
        "unknown": evaluated.unknown,
        "ok": evaluated.right,
        "ranking": [{"category": category, "score": score} for category, score in evaluated.ranking],
    }


def _cell(text: str) -> str:
    """A | would end the cell, and a * would begin something in bold."""
    return "".join(f"\\{character}" if character in "|*_`[]<>\\" else character for character in text)
