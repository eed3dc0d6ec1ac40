"""`pigeonhole guess-dir`: a folder of pictures, sorted."""

import sys
import time
from pathlib import Path

import click

from pigeonhole.cli import arguments
from pigeonhole.errors import NothingToDoError, UsageError
from pigeonhole.model import load_model
from pigeonhole.naming import shown
from pigeonhole.output import JsonLines, Output, Terminal
from pigeonhole.records import Summary
from pigeonhole.sorting import check_folders, sort_folder, total


@click.command("guess-dir")
@arguments.paths
@click.option("--no-recursive", is_flag=True, help="Leave sub-folders alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file, then the counts.")
def command(paths: tuple[Path, ...], no_recursive: bool, as_json: bool) -> int:
    """Copy every picture of a folder to another as <category>-<score>.<ext>; nothing is ever overwritten.

    PATHS is [TF_FILES] IN OUT: TF_FILES is the folder that holds model.onnx, ./tf_files if left out.
    """
    tf_files, source, out = _three(paths)
    model = load_model(tf_files / arguments.MODEL)
    check_folders(source, out)
    terminal = Terminal()
    output: Output = JsonLines(sys.stdout, terminal) if as_json else terminal
    started = time.monotonic()
    summary = Summary()
    recursive = not no_recursive
    with output.stage("Sorting", total(source, recursive=recursive)) as advance:
        for outcome in sort_folder(source, out, model, recursive=recursive):
            summary.count(outcome)
            output.outcome(outcome)
            advance()
    output.summary(summary, time.monotonic() - started, model.device)
    if summary.sorted + summary.unreadable + summary.failed == 0:
        raise NothingToDoError(f"There is no picture in {shown(source)}.")
    return 1 if summary.unreadable or summary.failed else 0


def _three(paths: tuple[Path, ...]) -> tuple[Path, Path, Path]:
    match paths:
        case (source, out):
            return arguments.TF_FILES, source, out
        case (tf_files, source, out):
            return tf_files, source, out
        case _:
            raise UsageError(f"It takes two or three folders, [TF_FILES] IN OUT, and got {len(paths)}.")
