"""The face that a picture is classified by, for models that look at faces."""

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock

from pigeonhole.decoding.protocol import Settings
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.records import FaceSearch

_ONE_AT_A_TIME = Lock()  # neither OpenCV's cascades nor the child that runs animeface can be asked by two threads


def face_search(
    data: bytes,
    settings: Settings,
    known: FaceSearch | None,
    animeface: Path | None,
    large_turn: AbstractContextManager[object] | None = None,
) -> FaceSearch | None:
    """What is `known` of the face in a picture, else what looking for it gives; None where `settings` ask for no face.

    `data` is a whole file, `animeface` the interpreter that runs that detector. Raises UnreadableError.
    """
    if not isinstance(settings, Preprocessing) or settings.face is None:
        return None
    if known is not None:
        return known
    from pigeonhole.faces.find import Finder  # OpenCV, which few models need
    from pigeonhole.faces.main_face import main_face

    with _ONE_AT_A_TIME:
        return main_face(data, Finder(settings.face, animeface), large_turn)
