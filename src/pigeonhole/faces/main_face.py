"""Faces in the bytes of a file: all of them, or the one by which the picture is classified."""

from contextlib import AbstractContextManager

from pigeonhole.faces.boxes import Face
from pigeonhole.faces.find import Finder
from pigeonhole.images.read import upright_size
from pigeonhole.images.whole import to_whole
from pigeonhole.records import FaceSearch

SEARCHED = 2048  # pixels of the longer edge, at most: detectors are asked about 1024, and scaling down well matters
MARGIN = 0.2  # of a face's side, that is seen around it
LEAST = 32  # pixels: the side of the smallest face that counts

Box = tuple[int, int, int, int]


def main_face(data: bytes, finder: Finder, large_turn: AbstractContextManager[object] | None = None) -> FaceSearch:
    """The largest face in a picture; `data` is its whole file. Raises UnreadableError."""
    largest = max(face_boxes(data, finder, large_turn), key=lambda box: box[2] - box[0], default=None)
    return FaceSearch(largest)


def face_boxes(data: bytes, finder: Finder, large_turn: AbstractContextManager[object] | None = None) -> list[Box]:
    """Every face, from left to right, with MARGIN around it: left, top, right, bottom in pixels of the upright picture.

    Raises UnreadableError.
    """
    pixels = to_whole(data, SEARCHED, large_turn)
    width, height = upright_size(data)
    scale = max(width, height) / max(pixels.shape[:2])
    faces = [
        Face(face.left * scale, face.top * scale, face.side * scale, face.votes, face.sure, face.firm)
        for face in finder.faces(pixels)
    ]
    return [face.widened(MARGIN, width, height) for face in faces if face.side >= LEAST]
