"""What a decoder process and its pool say to each other, and what one picture may cost."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from pigeonhole.records import FaceSearch, Identity


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of processor time to decode one picture, `memory` in bytes that one decoder process may allocate.

    `patience` in seconds is how long reading or decoding it may take altogether, on a machine however busy. With its
    program and libraries, a process stays below one gibibyte; the largest picture that we admit, of 128 megapixels,
    needs 512 MB of it and a few seconds.
    """

    seconds: float = 10.0
    memory: int = 960 * 1024**2
    patience: float = 60.0


class Settings(Protocol):
    """What a decoder process is told beside the function to call: that function knows the rest of it."""

    @property
    def size(self) -> int:
        """The edge of the squares that it makes, in pixels; 0 where it answers with something else."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a decoder process is to do from now on. `decoder` is the function to call, as "package.module:name";
    `animeface` what runs animeface, where faces are looked for.
    """

    settings: Settings
    limits: Limits
    decoder: str
    animeface: Path | None


class Phase(IntEnum):
    """The first byte of the memory that a decoder process shares with its pool."""

    IDLE = 0
    READING = 1
    WAITING = 2  # for another process to finish with a large picture
    DECODING = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one job. After "pixels" they stand in its slot of the shared memory; "made" brings a `value`.

    `identity`, `sha256`, `has_end` and `face` as in Guess; the first two are None where the decoder did not get that
    far.
    """

    kind: Literal["ready", "pixels", "made", "unreadable", "failed"]
    reason: str = ""
    identity: Identity | None = None
    sha256: str | None = None
    value: Any = None
    has_end: bool = True
    face: FaceSearch | None = None
