"""Frames that teach nothing: black ones, those of one colour, and those that hardly differ from one taken before."""

import base64
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EDGE = 16  # cells along each edge of a signature
BLACK = 24  # of 255: what is darker is black, as far as film goes
BLANK = 4.0  # of 255, the deviation over the picture: what has less is of one colour
SAME_MEAN, SAME_MOST = 2.5, 30.0  # of 255: how much the cells of two frames may differ, on average and anywhere
REMEMBERED = 8  # frames: a conversation cuts back and forth between a few views


def signature(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The brightness of uint8 [H, W, 3] in a grid of cells, uint8 [EDGE, EDGE]."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((EDGE, EDGE), Image.Resampling.BOX))


def emptiness(pixels: NDArray[np.uint8]) -> str:
    """The word black or blank where uint8 [H, W, 3] shows nothing, else an empty text."""
    small = np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX), dtype=np.float32)
    if float(np.percentile(small.max(axis=2), 99)) < BLACK:
        return "black"
    return "blank" if float(small.std(axis=(0, 1)).max()) < BLANK else ""


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
