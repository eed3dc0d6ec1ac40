"""One line for every evaluated picture: for a reader, a spreadsheet or a program."""

import csv
import json
from io import StringIO
from typing import Literal

from pigeonhole.naming import score_text, shown
from pigeonhole.records import UNKNOWN
from pigeonhole.report.evaluation import Evaluated

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
    guess, truth = evaluated.guess, evaluated.truth or ""
    ranking = [(shown(category), score) for category, score in guess.ranking]
    name = shown(evaluated.relative)
    if form == "markdown":
        said = ", ".join(f"{category} {score_text(score)}" for category, score in ranking)
        answer = f"{UNKNOWN}: {said}" if guess.doubt else said
        cells = [_cell(each) for each in (name, shown(truth), answer)]
        return f"| {' | '.join(cells)} | {MARKS[evaluated.right]} |"
    if form == "json":
        record = {
            "picture": str(evaluated.relative),
            "truth": evaluated.truth,
            "category": guess.category,
            "score": guess.score,
            "unknown": bool(guess.doubt),
            "ok": evaluated.right,
            "ranking": [{"category": category, "score": score} for category, score in guess.ranking],
        }
        return json.dumps(record)
    said = " ".join(f"{category}={score_text(score)}" for category, score in ranking)
    answer = UNKNOWN if guess.doubt else shown(guess.category)
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(
        [name, shown(truth), answer, score_text(guess.score), int(bool(guess.doubt)), MARKS[evaluated.right], said]
    )
    return line.getvalue()


def _cell(text: str) -> str:
    """A | would end the cell, and a * would begin something in bold."""
    return "".join(f"\\{character}" if character in "|*_`[]<>\\" else character for character in text)
