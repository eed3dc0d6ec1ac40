"""`pigeonhole guess`: what is on these pictures?"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from pigeonhole.cli import arguments
from pigeonhole.files import find_named
from pigeonhole.model import Asking, load_model
from pigeonhole.naming import score_text, shown
from pigeonhole.output import Terminal, guess_fields
from pigeonhole.records import UNKNOWN, Failed, Guess, Skipped, Unreadable
from pigeonhole.stream import guesses


@click.command("guess")
@arguments.paths
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Show the K best categories only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per picture.")
@arguments.asking
def command(paths: tuple[Path, ...], top: int | None, *, as_json: bool, tta: bool, no_unknown: bool) -> int:
    """Say what is on pictures: every category with its score, best first.

    Where a picture is too unlike what was learnt, the first line says unknown.

    PATHS is [TF_FILES] IMAGE...: TF_FILES is the folder that holds model.onnx, ./tf_files if left out.
    """
    has_folder = paths[0].is_dir() and len(paths) > 1
    tf_files, images = (paths[0], paths[1:]) if has_folder else (arguments.TF_FILES, paths)
    found = [find_named(arguments.existing_file(image)) for image in images]
    model = load_model(tf_files / arguments.MODEL, Asking(not no_unknown, tta))
    terminal = Terminal()
    problems = 0
    for answer in guesses(found, model):
        match answer:
            case Guess():
                lines = [json.dumps(guess_fields(answer, top))] if as_json else _lines(answer, top, len(images) > 1)
                click.echo("\n".join(lines))
                if answer.doubt and not as_json:
                    terminal.note(f"unknown: {shown(answer.path)}: {answer.doubt}")
            case Unreadable() | Failed() | Skipped():
                terminal.outcome(answer)
                problems += 1
    return 1 if problems else 0


def _lines(guess: Guess, top: int | None, with_name: bool) -> Iterator[str]:
    if with_name:
        yield f"{shown(guess.path)}:"
    if guess.doubt:
        yield f"{UNKNOWN} (score = {score_text(guess.score)})"
    for category, score in guess.ranking[:top]:
        yield f"{shown(category).replace('_', ' ')} (score = {score_text(score)})"
    if with_name:
        yield ""
