"""`pigeonhole guess-dir`: a folder of pictures, sorted."""

import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from pigeonhole.cli import arguments
from pigeonhole.cli.classifying import placing
from pigeonhole.cli.classifying.answering import by_cluster, by_model, by_table
from pigeonhole.errors import NothingToDoError, PigeonholeError, UsageError
from pigeonhole.files import count_files, find
from pigeonhole.model import InferenceOptions
from pigeonhole.output import JsonLines, Output, Terminal
from pigeonhole.output.skipped import SkippedTally
from pigeonhole.placing import Placing
from pigeonhole.records import Outcome, Placed, Skipped, Summary
from pigeonhole.sorting import ALREADY, STAYED, Sorter, check_folders, sort_folder
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("guess-dir")
@arguments.paths("[TF_FILES] IN OUT")
@placing.options(Placing.COPY)
@click.option("--dry-run", is_flag=True, help="Print what would be done; write nothing.")
@click.option("--no-recursive", is_flag=True, help="Ignore sub-folders.")
@arguments.include_hidden
@click.option(
    "--from-answers",
    metavar="TABLE",
    help="Sort by a table that the command answers has written, without asking the model again. Each file's digest is"
    " compared with the table's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per file, then the counts.")
@arguments.inference
@arguments.cluster
def command(
    paths: tuple[Path, ...],
    *,
    no_recursive: bool,
    include_hidden: bool,
    as_json: bool,
    dry_run: bool,
    tta: bool,
    no_unknown: bool,
    from_answers: str | None,
    cluster: str | None,
    **chosen: Any,
) -> int:
    """Sort the pictures of a folder into another as <category>-<score>.<ext>. Nothing is ever overwritten.

    TF_FILES is the folder that holds model.onnx, ./tf_files if left out.

    Run it again to sort new pictures or to resume; take it back with undo.
    """
    tf_files, source, out = arguments.three(paths, "IN")
    options = placing.sort_options(Placing.COPY, retry_unreadable=True, dry_run=dry_run, **chosen)
    terminal = Terminal()
    output: Output = JsonLines(sys.stdout, terminal) if as_json else terminal
    reach = {"recursive": not no_recursive, "include_hidden": include_hidden}
    model, inference = Workspace(tf_files).model, InferenceOptions(not no_unknown, tta)
    check_folders(source, out, options)
    if from_answers is not None and cluster is not None:
        raise UsageError("--from-answers and --cluster cannot be combined: a table needs nobody to answer.")
    if from_answers is not None and (tta or no_unknown):
        raise UsageError("--from-answers cannot be combined with --tta or --no-unknown: the answers are made already.")
    account = _Account(output, shows_places=dry_run and not as_json)
    with ExitStack() as stack:
        answering = stack.enter_context(
            by_table(from_answers)
            if from_answers is not None
            else by_cluster(cluster, source, model, inference, **reach)
            if cluster is not None
            else by_model(model, inference)
        )
        sorter = stack.enter_context(Sorter.open(out, options, source))
        note_before = answering.note
        for note in (note_before, *sorter.notes):
            if note:
                output.note(note)
        started = time.monotonic()
        try:
            expected = count_files(source, leave_out=sorter.is_output, **reach)
            with output.stage("Sorting", expected) as advance:
                found = find(source, leave_out=sorter.is_output, **reach)
                for outcome in sort_folder(account.summary.counting(found), sorter, answering.answers):
                    account.take(outcome)
                    advance()
        except PigeonholeError:  # nothing more can be written: the rest of the folder was not sorted
            account.end_early(sorter.close(), expected)
            raise
        except KeyboardInterrupt:
            account.end_early(sorter.close(), None)
            raise
        finally:
            if answering.note != note_before:
                output.warn(answering.note)
            account.tell(time.monotonic() - started, answering.device)
        is_settled = not sorter.unsettled
    if account.found_nothing:
        raise NothingToDoError(f"There is no picture in {printable(source)}.")
    return 0 if account.is_good and is_settled else 1


class _Account:
    """What became of the files, shown one by one and counted. `shows_places`: also where each would go."""

    def __init__(self, output: Output, *, shows_places: bool) -> None:
        self.summary = Summary()
        self._output = output
        self._shows_places = shows_places
        self._skipped = SkippedTally(has_option=True)
        self._left_behind = self._already = self._stayed = self._without_face = 0

    def take(self, outcome: Outcome) -> None:
        self.summary.count(outcome)
        self._left_behind += outcome.trouble is not None
        self._without_face += isinstance(outcome, Placed) and outcome.guess.has_no_face
        if isinstance(outcome, Skipped):
            self._already += outcome.reason.startswith(ALREADY)
            self._stayed += outcome.reason == STAYED
            self._skipped.add(outcome)
        self._output.outcome(outcome)
        if self._shows_places and outcome.target:
            click.echo(f"{printable(outcome.path)} -> {printable(outcome.target)}")

    def end_early(self, late: Iterable[Outcome], expected: int | None) -> None:
        """Take what was finished `late`. Of `expected` files the others failed; None: they were only interrupted."""
        for outcome in late:
            self.take(outcome)
        if expected is None:
            self.summary.seen -= self.summary.missing
        else:
            self.summary.seen = max(self.summary.seen, expected)
            self.summary.failed += self.summary.missing

    def tell(self, seconds: float, device: str) -> None:
        for sentence in self._skipped.sentences():
            self._output.note(sentence)
        if self._stayed:
            self._output.note(
                f"{self._stayed} pictures stay where they are, because an earlier run has copied or linked them. To"
                " move them, undo that run first."
            )
        if self._without_face:
            self._output.note(arguments.without_face(self._without_face))
        if self.summary.missing:
            self._output.warn(f"{self.summary.missing} files came to no outcome. Please report this.")
        self._output.summary(self.summary, seconds, device)

    @property
    def found_nothing(self) -> bool:
        return self.summary.seen == self.summary.skipped and not self._already

    @property
    def is_good(self) -> bool:
        counts = self.summary
        return not (counts.unreadable or counts.failed or counts.missing or self._left_behind)
