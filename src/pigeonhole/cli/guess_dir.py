"""`pigeonhole guess-dir`: a folder of pictures, sorted."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from pigeonhole.cli import arguments, placing
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import NothingToDoError
from pigeonhole.model import InferenceOptions, load_model
from pigeonhole.output import JsonLines, Output, Terminal
from pigeonhole.records import Outcome, Skipped, Summary
from pigeonhole.sorting import ALREADY, Placing, Sorter, check_folders, sort_folder, total
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("guess-dir")
@arguments.paths
@placing.options(Placing.COPY)
@click.option("--dry-run", is_flag=True, help="Print what would be done; write nothing.")
@click.option("--no-recursive", is_flag=True, help="Ignore sub-folders.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per file, then the counts.")
@arguments.inference
def command(
    paths: tuple[Path, ...],
    *,
    no_recursive: bool,
    as_json: bool,
    dry_run: bool,
    tta: bool,
    no_unknown: bool,
    **chosen: Any,
) -> int:
    """Sort the pictures of a folder into another as <category>-<score>.<ext>. Nothing is ever overwritten.

    PATHS is [TF_FILES] IN OUT: TF_FILES is the folder that holds model.onnx, ./tf_files if left out.

    Run it again to sort new pictures or to resume; take it back with undo.
    """
    tf_files, source, out = arguments.three(paths, "IN")
    options = placing.sort_options(Placing.COPY, retry_unreadable=True, dry_run=dry_run, **chosen)
    terminal = Terminal()
    output: Output = JsonLines(sys.stdout, terminal) if as_json else terminal
    recursive = not no_recursive
    summary, troubles, already = Summary(), 0, 0
    check_folders(source, out, options)
    with ExitStack() as stack:
        decoders = stack.enter_context(DecoderPool(early=True))
        model = load_model(Workspace(tf_files).model, InferenceOptions(not no_unknown, tta))
        sorter = stack.enter_context(Sorter.open(out, options))
        note_before = model.note
        for note in (note_before, *sorter.notes):
            if note:
                output.note(note)
        started = time.monotonic()
        try:
            with output.stage("Sorting", total(source, recursive=recursive)) as advance:
                for outcome in sort_folder(source, sorter, model, decoders, recursive=recursive):
                    summary.count(outcome)
                    troubles += outcome.trouble is not None
                    already += isinstance(outcome, Skipped) and outcome.reason == ALREADY
                    output.outcome(outcome)
                    if dry_run and not as_json:
                        _say(outcome)
                    advance()
        finally:
            if model.note != note_before:
                output.warn(model.note)
            output.summary(summary, time.monotonic() - started, model.device)
    if summary.seen == summary.skipped and not already:
        raise NothingToDoError(f"There is no picture in {printable(source)}.")
    return 1 if summary.unreadable or summary.failed or troubles else 0


def _say(outcome: Outcome) -> None:
    """`from -> to` on one line, for everything that would get a place."""
    if outcome.target:
        click.echo(f"{printable(outcome.path)} -> {printable(outcome.target)}")
