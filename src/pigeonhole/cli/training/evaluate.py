"""`pigeonhole evaluate`: how good is the model on pictures whose categories are known?"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console

from pigeonhole.cli import arguments
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import NothingToDoError, OutputError, UsageError
from pigeonhole.evaluation.running import Evaluated, Evaluation
from pigeonhole.files import count_files, digest, find
from pigeonhole.model import InferenceOptions, Model, load_model, model_bytes
from pigeonhole.output import Output, Terminal
from pigeonhole.output.skipped import SkippedTally
from pigeonhole.records import Failed, Found, Guess, Skipped, Unreadable
from pigeonhole.report.collector import Collector, collecting
from pigeonhole.report.prediction_rows import Form, header, row
from pigeonhole.report.report_data import ReportData
from pigeonhole.report.summary import fields, sentences, table
from pigeonhole.report.terminal import print_report
from pigeonhole.stream import guesses
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

CURE = "Free some space, or leave the report out with --no-report."


@click.command("evaluate")
@arguments.paths("[TF_FILES] FOLDER")
@click.option("--markdown", "form", flag_value="markdown", help="Print a Markdown table with a line per picture.")
@click.option("--csv", "form", flag_value="csv", help="Print comma-separated values, a line per picture.")
@click.option("--json", "form", flag_value="json", help="Print a JSON object per picture, then the summary.")
@click.option("--no-report", is_flag=True, help="Do not write TF_FILES/report/evaluation.")
@arguments.include_hidden
@arguments.inference
def command(
    paths: tuple[Path, ...], form: Form | None, *, no_report: bool, include_hidden: bool, tta: bool, no_unknown: bool
) -> int:
    """Measure how good the model is on pictures whose categories are known.

    TF_FILES is ./tf_files if left out. FOLDER holds one folder per category. Pictures in a folder that is no category
    of the model should be answered with unknown. Pictures in no folder get scores, but are not counted.
    """
    from pigeonhole.report.write import write_report

    if len(paths) > 2:
        raise UsageError(f"Expected one or two folders ([TF_FILES] FOLDER), got {len(paths)}.")
    tf_files, folder = paths if len(paths) == 2 else (arguments.TF_FILES, paths[0])
    if not folder.is_dir():
        raise UsageError(f"There is no folder {printable(folder)}.", "Check the name.")
    model = load_model(Workspace(tf_files).model, InferenceOptions(not no_unknown, tta))
    terminal = Terminal()
    report = None if no_report else Workspace(tf_files).evaluation_report
    try:
        with collecting(report, model.card.labels) as collected:
            answers = evaluate(folder, model, collected.evaluation, terminal, include_hidden=include_hidden)
            problems = _collect(answers, collected, form)
            if not collected.seen and not problems:
                raise NothingToDoError(f"There is no picture in {printable(folder)}.")
        page = write_report(report, _content(folder, tf_files, model, collected)) if report else None
    except OSError as error:
        raise OutputError(
            f"{printable(Workspace(tf_files).evaluation_report)} cannot be written: {error.strerror}.", CURE
        ) from error
    if form == "json":
        click.echo(json.dumps(fields(collected.evaluation)))
    else:
        tell(collected, with_table=form is None)
    if page:
        click.echo(f"The report is in {printable(page)}.", err=form is not None)
    return 1 if problems else 0


def _collect(answers: Iterable[Evaluated | None], collected: Collector, form: Form | None) -> int:
    """How many pictures cannot be read; all others are collected, and printed where a form is wanted."""
    if form and header(form):
        click.echo(header(form))
    problems = 0
    for evaluated in answers:
        if evaluated is None:
            problems += 1
            continue
        collected.add(evaluated)
        if form:
            click.echo(row(form, evaluated))
    return problems


def _content(folder: Path, tf_files: Path, model: Model, collected: Collector) -> ReportData:
    card = model.card
    return ReportData(
        title=f"Evaluation of {folder.resolve().name}",
        source=f"The model {printable(Workspace(tf_files).model)} on the pictures in {printable(folder)}.",
        collected=collected,
        facts=(
            ("model, SHA-256", digest(model_bytes(Workspace(tf_files).model))),
            ("recipe", card.recipe),
            ("backbone", f"{card.backbone.get('name')}, {card.backbone.get('weights')}"),
            ("training set, SHA-256", card.training_set),
            ("trained", f"{card.created}, by pigeonhole {card.version}"),
        ),
    )


def evaluate(
    folder: Path, model: Model, evaluation: Evaluation, output: Output, *, include_hidden: bool = False
) -> Iterator[Evaluated | None]:
    """Every picture below `folder`, counted in `evaluation`; None for what cannot be read, which is said."""
    relative: dict[Path, Path] = {}
    without_face = 0
    skipped = SkippedTally(has_option=True)

    def found() -> Iterator[Found | Skipped | Failed]:
        for file in skipped.counting(find(folder, include_hidden=include_hidden)):
            if isinstance(file, Found):
                relative[file.path] = file.relative
            yield file

    total = count_files(folder, include_hidden=include_hidden)
    with DecoderPool(early=True) as decoders, output.stage("Evaluating", total) as advance:
        for answer in guesses(found(), model, decoders):
            advance()
            match answer:
                case Guess():
                    without_face += answer.has_no_face
                    yield evaluation.add(answer, relative.pop(answer.path))
                case Unreadable() | Failed():
                    relative.pop(answer.path, None)
                    output.outcome(answer)
                    yield None
    for sentence in skipped.sentences():
        output.note(sentence)
    if without_face:
        output.note(arguments.without_face(without_face))


def tell(collected: Collector, *, with_table: bool) -> None:
    """The verdict for people. With a table of every picture on standard output, it goes to standard error."""
    for sentence in sentences(collected.evaluation):
        click.echo(sentence, err=not with_table)
    if with_table and collected.evaluation.accuracy:
        print_report(collected)
        Console(highlight=False).print(table(collected.evaluation))
