"""What goes through the decoders, and what comes out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.records import FaceSearch, Failed, Found, Identity, Skipped, Unreadable

Problem = Unreadable | Skipped | Failed


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture as the model sees it: `pixels` uint8 [S, S, 3] RGB, of the bytes that have the digest `sha256`.

    `identity` is the state of the file before they were read, `has_end` and `face` as in Guess.
    """

    found: Found
    identity: Identity
    sha256: str
    pixels: NDArray[np.uint8]
    has_end: bool = True
    face: FaceSearch | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a function of one's own made of a picture, as `value`; the rest as in Decoded."""

    found: Found
    identity: Identity
    sha256: str
    value: Any


class Decoders(Protocol):
    def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
        """Every file read and decoded, in their order, a bounded number ahead of whoever asks."""

    def rest(self) -> None:
        """Let go of what costs memory until there is work again."""


def cannot_read(path: Path, error: OSError) -> Failed:
    """What a file is that the system did not let us read: it may go better another time."""
    return Failed(path, f"it cannot be read: {error.strerror}", transient=True)
