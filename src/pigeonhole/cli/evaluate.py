"""`pigeonhole evaluate`: how good is the model on pictures whose categories are known?"""

import heapq
import json
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from pigeonhole.cli import arguments
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import NothingToDoError, UsageError
from pigeonhole.files import find
from pigeonhole.model import Asking, Model, load_model
from pigeonhole.naming import score_text, shown
from pigeonhole.output import Output, Terminal
from pigeonhole.records import Failed, Found, Guess, Skipped, Unreadable
from pigeonhole.report.evaluation import Evaluated, Evaluation
from pigeonhole.report.rows import Form, header, row
from pigeonhole.report.summary import fields, sentences, table
from pigeonhole.stream import guesses

WORST = 5


@click.command("evaluate")
@arguments.paths
@click.option("--markdown", "form", flag_value="markdown", help="A table with a line for every picture.")
@click.option("--csv", "form", flag_value="csv", help="The same for a spreadsheet.")
@click.option("--json", "form", flag_value="json", help="One JSON object per picture, then the summary.")
@arguments.asking
def command(paths: tuple[Path, ...], form: Form | None, *, tta: bool, no_unknown: bool) -> int:
    """Say how good the model is on pictures whose categories are known.

    PATHS is [TF_FILES] FOLDER: FOLDER has one folder per category. One that the model does not know holds strangers,
    which should be called unknown; for pictures in no folder at all there are scores only.
    """
    if len(paths) > 2:
        raise UsageError(f"It takes one or two folders, [TF_FILES] FOLDER, and got {len(paths)}.")
    tf_files, folder = paths if len(paths) == 2 else (arguments.TF_FILES, paths[0])
    if not folder.is_dir():
        raise UsageError(f"There is no folder {shown(folder)}.", "Check the name.")
    model = load_model(tf_files / arguments.MODEL, Asking(not no_unknown, tta))
    terminal = Terminal()
    evaluation = Evaluation(model.card.labels)
    if form and header(form):
        click.echo(header(form))
    worst: list[tuple[float, int, Evaluated]] = []
    problems = 0
    for number, evaluated in enumerate(evaluate(folder, model, evaluation, terminal)):
        if evaluated is None:
            problems += 1
            continue
        if form:
            click.echo(row(form, evaluated))
        if evaluated.right is False:
            heapq.heappush(worst, (evaluated.guess.score, number, evaluated))
            if len(worst) > WORST:
                heapq.heappop(worst)
    if not evaluation.judged and not problems:
        raise NothingToDoError(f"There is no picture in {shown(folder)}.")
    if form == "json":
        click.echo(json.dumps(fields(evaluation)))
    else:
        tell(evaluation, [each for _, _, each in sorted(worst, key=lambda each: -each[0])], with_table=form is None)
    return 1 if problems else 0


def evaluate(folder: Path, model: Model, evaluation: Evaluation, output: Output) -> Iterator[Evaluated | None]:
    """Every picture below `folder`, counted in `evaluation`; None for what cannot be read, which is said."""
    relative = {}

    def found() -> Iterator[Found | Skipped | Failed]:
        for file in find(folder):
            if isinstance(file, Found):
                relative[file.path] = file.relative
            yield file

    with DecoderPool(early=True) as decoders, output.stage("Evaluating", None) as advance:
        for answer in guesses(found(), model, decoders):
            match answer:
                case Guess():
                    advance()
                    yield evaluation.judge(answer, relative.pop(answer.path))
                case Unreadable() | Failed():
                    relative.pop(answer.path, None)
                    output.outcome(answer)
                    yield None


def tell(evaluation: Evaluation, worst: list[Evaluated], *, with_table: bool) -> None:
    """The verdict for people. With a table of every picture on standard output, it goes to standard error."""
    for sentence in sentences(evaluation):
        click.echo(sentence, err=not with_table)
    if with_table and evaluation.accuracy:
        Console(highlight=False).print(table(evaluation))
    for each in worst if with_table else ():
        said = f"{shown(each.guess.category)} (score = {score_text(each.guess.score)})"
        click.echo(f"  wrong: {shown(each.relative)}: {said}")
