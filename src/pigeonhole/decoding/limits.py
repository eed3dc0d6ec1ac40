"""What one picture may cost, and how a decoder process tells the other side what it is doing."""

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for reading and decoding one picture, `memory` in bytes that one decoder process may hold.

    The largest picture that we admit, 128 megapixels of 16 bits, needs two and a half gigabytes and a few seconds.
    """

    seconds: float = 60.0
    memory: int = 3 * 1024**3


class Phase(IntEnum):
    """The first byte of the memory that a decoder process shares with its pool."""

    IDLE = 0
    READING = 1
    WAITING = 2  # for another process to finish with a large picture
    DECODING = 3
