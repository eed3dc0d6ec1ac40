"""The faces of one picture, framed and named: what the command `guess --faces` says, for a page."""

from dataclasses import dataclass

from pigeonhole.decoding.faces import Cutting, commoner, faces_in
from pigeonhole.errors import UnreadableError
from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.faces.opencv import check_opencv
from pigeonhole.images.face_boxes import Box, framed_faces
from pigeonhole.labelling.pictures import Picture
from pigeonhole.model import Model
from pigeonhole.records import Guess
from pigeonhole.stream import GuessedFaces, guess_faces
from pigeonhole.text import printable

EDGE = 1280  # pixels of the longer edge of what is shown


@dataclass(frozen=True, slots=True)
class Faces:
    """`shown` is a PNG of the picture with a numbered frame around each face; `guesses` are about them, in order."""

    shown: bytes
    guesses: tuple[Guess, ...]


def faces_of(picture: Picture, model: Model) -> Faces:
    """Raises UnreadableError where the picture cannot be read, UsageError where OpenCV is missing."""
    check_opencv("The page")
    animeface = animeface_if_there()
    detector = model.card.preprocessing.face or commoner(faces_in([picture.found], animeface)) or "drawn"
    (answer,) = guess_faces([picture.found], model, Cutting(model.preprocessing, detector, animeface, EDGE))
    if not isinstance(answer, GuessedFaces) or answer.whole is None:
        reason = getattr(answer, "reason", "it has no pixels")
        raise UnreadableError(f"{printable(picture.path.name)}: {reason}.")
    frames = [(_frame(guess, answer.times), printable(guess.label).replace("_", " ")) for guess in answer.faces]
    return Faces(framed_faces(answer.whole, frames), tuple(answer.faces))


def _frame(guess: Guess, times: float) -> Box:
    """Where the face of `guess` is in a picture that is `times` smaller."""
    if guess.face is None or guess.face.box is None:
        raise TypeError(guess)
    left, top, right, bottom = (round(edge / times) for edge in guess.face.box)
    return left, top, right, bottom
