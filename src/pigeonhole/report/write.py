"""A report on the disk: a page that needs nothing else, its figures as PNG, its numbers as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pigeonhole.evaluation.findings import Suspicion
from pigeonhole.evaluation.running import Evaluated
from pigeonhole.files import write_aside_and_replace
from pigeonhole.output import Stage
from pigeonhole.records import UNKNOWN
from pigeonhole.report.charts import Chart, confusion_chart, curve_charts, learning_charts
from pigeonhole.report.plain_summary import in_plain_words
from pigeonhole.report.prediction_rows import MARKS
from pigeonhole.report.report_data import ReportData
from pigeonhole.report.summary import fields, sentences
from pigeonhole.report.template import link, template
from pigeonhole.report.thumbnail import thumbnail
from pigeonhole.text import printable, score_text

PAGE = "index.html"
NUMBERS = "report.json"


def write_report(folder: Path, content: ReportData, advance: Stage = lambda: None) -> Path:
    """Write the page, its figures and its numbers into `folder`; the result is the page. Raises OSError.

    `advance` is called for each figure.
    """
    evaluation = content.collected.evaluation
    has_accuracy = evaluation.accuracy is not None
    confusion = confusion_chart(content) if has_accuracy else None
    advance()
    curves = list(_counted(curve_charts(content), advance)) if has_accuracy else []
    learning = list(_counted(learning_charts(content), advance))
    charts = [*([confusion] if confusion else []), *curves, *learning]
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts:
        write_aside_and_replace(folder / f"{chart.name}.png", chart.light)
    write_aside_and_replace(folder / NUMBERS, json.dumps(_numbers(content, charts), indent=1).encode())
    page = template("pigeonhole.report").render(
        title=content.title,
        source=content.source,
        summary=in_plain_words(evaluation),
        sentences=list(sentences(evaluation))[1:] if has_accuracy else list(sentences(evaluation)),
        baselines=content.baselines,
        confusion=confusion,
        categories=list(evaluation.categories()) if has_accuracy else [],
        surest=[_picture(each, _answered(each), folder) for each in content.collected.surest],
        least_sure=[_picture(each, _answered(each), folder) for each in content.collected.least_sure],
        worst=[_picture(each, _answered(each), folder) for each in content.collected.worst],
        suspicions=[_picture(each, _suspected(each), folder) for each in content.suspicions],
        rows=[_row(each, folder) for each in content.collected.rows],
        total=content.collected.seen,
        curves=curves,
        learning=learning,
        facts=content.facts,
    )
    write_aside_and_replace(folder / PAGE, page.encode("utf-8", "backslashreplace"))
    return folder / PAGE


def _counted(charts: Iterable[Chart], advance: Stage) -> Iterator[Chart]:
    for chart in charts:
        advance()
        yield chart


def _answered(each: Evaluated) -> str:
    said = f"{printable(each.category)} {score_text(each.score)}"
    return said if each.right else f"{said}, true category {printable(each.truth or '')}"


def _suspected(each: Suspicion) -> str:
    return f"filed as {printable(each.truth)}, looks like {printable(each.other)} ({each.doubt:.2f})"


def _picture(each: Evaluated | Suspicion, words: str, folder: Path) -> dict[str, str]:
    return {
        "link": link(each.path, folder),
        "image": thumbnail(each.path),
        "name": printable(each.relative),
        "words": words,
    }


def _row(each: Evaluated, folder: Path) -> dict[str, str]:
    ranking = ", ".join(f"{printable(category)} {score_text(score)}" for category, score in each.ranking[:5])
    answer = f"{UNKNOWN} ({printable(each.category)})" if each.unknown else printable(each.category)
    return {
        "link": link(each.path, folder),
        "name": printable(each.relative),
        "truth": printable(each.truth or ""),
        "answer": answer,
        "score": score_text(each.score),
        "mark": MARKS[each.right],
        "ranking": ranking,
    }


def _numbers(content: ReportData, charts: Sequence[Chart]) -> dict[str, Any]:
    return {
        "title": content.title,
        "source": content.source,
        "summary": list(in_plain_words(content.collected.evaluation)),
        **fields(content.collected.evaluation),
        "baselines": {name: result.share for name, result in content.baselines},
        "suspicions": [
            {"picture": str(each.relative), "truth": each.truth, "other": each.other, "doubt": each.doubt}
            for each in content.suspicions
        ],
        "figures": {chart.name: [dict(zip(chart.header, row, strict=True)) for row in chart.cells] for chart in charts},
        "facts": dict(content.facts),
    }
