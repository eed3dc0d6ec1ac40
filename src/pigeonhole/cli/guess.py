"""`pigeonhole guess`: what is on these pictures?"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from pigeonhole.cli import arguments
from pigeonhole.errors import UnreadableError, UsageError
from pigeonhole.files import find_named, read
from pigeonhole.images import to_square
from pigeonhole.model import Asking, Model, load_model
from pigeonhole.output import Terminal, guess_fields
from pigeonhole.records import UNKNOWN, Failed, Guess, Skipped, Unreadable
from pigeonhole.stream import guesses
from pigeonhole.text import printable, score_text
from pigeonhole.workspace import Workspace


@click.command("guess")
@arguments.paths
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Show the K best categories only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per picture.")
@click.option(
    "--heat-map", metavar="OUT.png", type=click.Path(path_type=Path), help="Draw where it sees the best category."
)
@arguments.asking
def command(
    paths: tuple[Path, ...], top: int | None, *, as_json: bool, heat_map: Path | None, tta: bool, no_unknown: bool
) -> int:
    """Say what is on pictures: every category with its score, best first.

    Where a picture is too unlike what was learnt, the first line says unknown.

    PATHS is [TF_FILES] IMAGE...: TF_FILES is the folder that holds model.onnx, ./tf_files if left out.
    """
    has_folder = paths[0].is_dir() and len(paths) > 1
    tf_files, images = (paths[0], paths[1:]) if has_folder else (arguments.TF_FILES, paths)
    found = [find_named(arguments.existing_file(image)) for image in images]
    model = load_model(Workspace(tf_files).model, Asking(not no_unknown, tta))
    terminal = Terminal()
    if model.note:
        terminal.note(model.note)
    if heat_map:
        if len(images) != 1:
            raise UsageError("--heat-map draws one picture.", "Name one picture.")
        _draw(model, images[0], arguments.new_png(heat_map))
    problems = 0
    for answer in guesses(found, model):
        match answer:
            case Guess():
                lines = [json.dumps(guess_fields(answer, top))] if as_json else _lines(answer, top, len(images) > 1)
                click.echo("\n".join(lines))
                if answer.doubt and not as_json:
                    terminal.note(f"unknown: {printable(answer.path)}: {answer.doubt}")
            case Unreadable() | Failed() | Skipped():
                terminal.outcome(answer)
                problems += 1
    return 1 if problems else 0


def _draw(model: Model, image: Path, out: Path) -> None:
    """Write the heat map of the best category. A picture that cannot be read is named with the answers."""
    from pigeonhole.output.heat import heat_picture

    try:
        pixels = to_square(read(image)[0], model.card.preprocessing)[None]
    except (UnreadableError, OSError):
        return
    heat = model.heat(pixels)
    if heat is None:
        raise UsageError("This model's head does not look at places, so there is no heat map.", "Use explain instead.")
    best = int(model.probabilities(pixels)[0].argmax())
    arguments.write_new(out, heat_picture(pixels[0], heat[0, best]))


def _lines(guess: Guess, top: int | None, with_name: bool) -> Iterator[str]:
    if with_name:
        yield f"{printable(guess.path)}:"
    if guess.doubt:
        yield f"{UNKNOWN} (score = {score_text(guess.score)})"
    for category, score in guess.ranking[:top]:
        yield f"{printable(category).replace('_', ' ')} (score = {score_text(score)})"
    if with_name:
        yield ""
