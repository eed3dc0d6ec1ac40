"""`pigeonhole guess`: what is on these pictures?"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from pigeonhole.cli import arguments
from pigeonhole.cli.classifying.ranking import ranking_lines
from pigeonhole.cpus import available_cpus
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UsageError
from pigeonhole.files import find_named
from pigeonhole.model import InferenceOptions, Model, load_model
from pigeonhole.output import Terminal, guess_fields
from pigeonhole.records import Failed, Found, Guess, Skipped, Unreadable
from pigeonhole.stream import GuessWithHeat, Problem, guess_with_heat, guesses
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("guess")
@arguments.paths("[TF_FILES] IMAGE...")
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Show the K best categories only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per picture.")
@click.option(
    "--heat-map",
    metavar="OUT.png",
    type=click.Path(path_type=Path),
    help="Draw which places of one picture speak for its best category.",
)
@click.option("--faces", is_flag=True, help="Say who is on pictures: a ranking for every face, with its place.")
@click.option(
    "--boxes",
    metavar="OUT.png",
    type=click.Path(path_type=Path),
    help="Draw a box around every face of one picture, with its best category; implies --faces.",
)
@arguments.inference
def command(
    paths: tuple[Path, ...],
    top: int | None,
    *,
    as_json: bool,
    heat_map: Path | None,
    faces: bool,
    boxes: Path | None,
    tta: bool,
    no_unknown: bool,
) -> int:
    """Say what is on pictures: every category with its score (0 to 1), best first.

    Where a picture is too different from what was learnt, the first line says unknown.

    Categories are shown with spaces where their folders have _; --json gives them as the folders are called.

    TF_FILES is the folder that holds model.onnx, ./tf_files if left out.
    """
    has_folder = paths[0].is_dir() and len(paths) > 1
    tf_files, images = (paths[0], paths[1:]) if has_folder else (arguments.TF_FILES, paths)
    found = [find_named(arguments.existing_file(image)) for image in images]
    for option, drawing in (("--heat-map", heat_map), ("--boxes", boxes)):
        if drawing:
            if len(images) != 1:
                raise UsageError(f"{option} draws one picture.", "Name one picture.")
            arguments.new_png(drawing)
    if heat_map and (faces or boxes):
        raise UsageError("--heat-map is about a picture, --faces about its faces.", "Choose one of them.")
    terminal, options = Terminal(), InferenceOptions(not no_unknown, tta)
    if faces or boxes:
        from pigeonhole.cli.classifying.faces_of_pictures import tell_faces

        model = load_model(Workspace(tf_files).model, options)
        if model.note:
            terminal.note(model.note)
        return 1 if tell_faces(found, model, top, terminal, as_json=as_json, boxes=boxes) else 0
    problems = 0
    with DecoderPool(min(len(found), available_cpus()), early=True) as decoders:
        model = load_model(Workspace(tf_files).model, options)
        if model.note:
            terminal.note(model.note)
        answers = _drawn(found[0], model, decoders, heat_map) if heat_map else guesses(found, model, decoders)
        for answer in answers:
            match answer:
                case Guess():
                    lines = [json.dumps(guess_fields(answer, top))] if as_json else _lines(answer, top, len(images) > 1)
                    click.echo("\n".join(lines))
                    if answer.is_unknown and not as_json:
                        terminal.note(f"unknown: {printable(answer.path)}: {answer.why_unknown}")
                    if answer.has_no_face and not as_json:
                        terminal.note(f"no face: {printable(answer.path)}: the whole picture was classified")
                case Unreadable() | Failed() | Skipped():
                    terminal.outcome(answer)
                    problems += 1
    return 1 if problems else 0


def _drawn(picture: Found, model: Model, decoders: DecoderPool, out: Path) -> Iterable[Guess | Problem]:
    """The answer for one picture, whose heat map is written to `out` where the picture can be read."""
    if not model.has_heat:
        raise UsageError("This model's head does not look at places, so there is no heat map.", "Use explain instead.")
    from pigeonhole.images.heatmap import heat_map

    answer = guess_with_heat(picture, model, decoders)
    if not isinstance(answer, GuessWithHeat):
        return [answer]
    arguments.write_new(out, heat_map(answer.pixels, answer.heat))
    return [answer.guess]


def _lines(guess: Guess, top: int | None, with_name: bool) -> Iterator[str]:
    if with_name:
        yield f"{printable(guess.path)}:"
    yield from ranking_lines(guess, top)
    if with_name:
        yield ""
