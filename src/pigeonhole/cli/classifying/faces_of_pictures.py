"""`pigeonhole guess --faces`: who is on these pictures?"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import click

from pigeonhole.cli import arguments
from pigeonhole.cli.classifying.ranking import ranking_lines
from pigeonhole.decoding.faces import SAMPLE, Cutting, commoner, faces_in
from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.faces.opencv import check_opencv
from pigeonhole.images.face_boxes import framed_faces
from pigeonhole.images.preprocessing import Detector
from pigeonhole.model import Model
from pigeonhole.model.load import CASCADE_ALONE
from pigeonhole.output import Terminal, guess_fields
from pigeonhole.records import Found
from pigeonhole.stream import GuessedFaces, guess_faces
from pigeonhole.text import printable

EDGE = 1600  # pixels of the longer edge, at most, of a picture with boxes


def tell_faces(
    found: Sequence[Found], model: Model, top: int | None, terminal: Terminal, *, as_json: bool, boxes: Path | None
) -> int:
    """Print what is said of every face, draw it to `boxes` if that is given; how many pictures cannot be read.

    Faces are looked for as the model asks, else by the detector that finds more of them. Raises UsageError where
    OpenCV is missing, OutputError where `boxes` cannot be written.
    """
    check_opencv("--faces")
    animeface = animeface_if_there()
    sample = islice(found, SAMPLE)
    detector: Detector = model.card.preprocessing.face or commoner(faces_in(sample, animeface)) or "drawn"
    if detector == "drawn" and animeface is None and not model.remark:
        terminal.note(CASCADE_ALONE)
    cutting = Cutting(model.preprocessing, detector, animeface, EDGE if boxes else 0)
    problems = 0
    for answer in guess_faces(found, model, cutting):
        if not isinstance(answer, GuessedFaces):
            terminal.outcome(answer)
            problems += 1
            continue
        click.echo(_fields(answer, top) if as_json else "\n".join(_lines(answer, top, len(found) > 1)))
        if boxes:
            arguments.write_new(boxes, _drawn(answer))
    return problems


def _lines(answer: GuessedFaces, top: int | None, with_name: bool) -> Iterator[str]:
    if with_name:
        yield f"{printable(answer.path)}:"
    if not answer.faces:
        yield "no face"
    for number, guess in enumerate(answer.faces, 1):
        if guess.face and guess.face.box:
            left, top_edge, right, bottom = guess.face.box
            size = f"{right - left} × {bottom - top_edge} pixels"
            yield f"face {number} ({size}, {left} from the left, {top_edge} from the top):"
        yield from ranking_lines(guess, top)
    if with_name:
        yield ""


def _fields(answer: GuessedFaces, top: int | None) -> str:
    faces = [
        {name: value for name, value in guess_fields(guess, top).items() if name != "path"} for guess in answer.faces
    ]
    return json.dumps({"path": str(answer.path), "faces": faces})


def _drawn(answer: GuessedFaces) -> bytes:
    if answer.whole is None:
        raise TypeError(answer)
    faces = []
    for guess in answer.faces:
        if guess.face and guess.face.box:
            left, top, right, bottom = (round(edge / answer.times) for edge in guess.face.box)
            faces.append(((left, top, right, bottom), printable(guess.label).replace("_", " ")))
    return framed_faces(answer.whole, faces)
