"""Frames that teach nothing: black ones, those of one colour, and those that hardly differ from one taken before."""

import base64
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMALL = 64  # pixels along each edge of a thumbnail
EDGE = 16  # cells along each edge of a signature
BLACK = 24  # of 255: what is darker is black, as far as film goes
BRIGHT = 0.01  # of a picture that is black: so much of it is brighter at most
BLANK = 4.0  # of 255, the deviation over the picture: what has less is of one colour
SAME_MEAN, SAME_MOST = 2.5, 30.0  # of 255: how much the cells of two frames may differ, on average and anywhere
REMEMBERED = 8  # frames: a conversation cuts back and forth between a few views


def thumbnail(pixels: NDArray[np.uint8]) -> Image.Image:
    """uint8 [H, W, 3] so small that all is quickly looked at."""
    return Image.fromarray(pixels).resize((SMALL, SMALL), Image.Resampling.BOX)


def signature(small: Image.Image) -> NDArray[np.uint8]:
    """The brightness of a thumbnail in a grid of cells, uint8 [EDGE, EDGE]."""
    return np.asarray(small.convert("L").resize((EDGE, EDGE), Image.Resampling.BOX))


def emptiness(small: Image.Image) -> str:
    """The word black or blank where a thumbnail shows nothing, else an empty text."""
    pixels = np.asarray(small, dtype=np.float32)
    if (pixels.max(axis=2) >= BLACK).mean() < BRIGHT:
        return "black"
    return "blank" if float(pixels.std(axis=(0, 1)).max()) < BLANK else ""


@dataclass(slots=True)
class Recent:
    """The signatures of the last frames that were taken."""

    signatures: deque[NDArray[np.uint8]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def has(self, mark: NDArray[np.uint8]) -> bool:
        """Whether a frame with the signature `mark` is nearly equal to one of them."""
        for known in self.signatures:
            differing = np.abs(mark.astype(np.int16) - known)
            if differing.mean() < SAME_MEAN and differing.max() < SAME_MOST:
                return True
        return False

    def add(self, mark: NDArray[np.uint8]) -> None:
        self.signatures.append(mark)


def to_text(mark: NDArray[np.uint8]) -> str:
    """A signature as it is remembered between runs."""
    return base64.b64encode(mark.tobytes()).decode("ascii")


def from_text(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(EDGE, EDGE)
