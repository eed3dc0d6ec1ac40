"""Where in a film frames are wanted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """A frame is wanted at `time`; a keyframe that is no further than `tolerance` from it will do. Both in seconds."""

    number: int
    time: float
    tolerance: float


class Places(Protocol):
    def next(self, number: int, after: float) -> Place | None:
        """The first place from `number` on that lies after the time `after` (seconds), None where there is none."""

    def total(self) -> int | None:
        """How many places there are, None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Even:
    """Every so many seconds, from `begin` to `end`."""

    every: float
    begin: float
    end: float

    def next(self, number: int, after: float) -> Place | None:
        if after >= self.begin:  # a slide show stands still for many places
            number = max(number, math.floor((after - self.begin) / self.every) + 1)
        time = self.begin + number * self.every
        return Place(number, time, self.every / 2) if time < self.end else None

    def total(self) -> int | None:
        return None if math.isinf(self.end) else max(0, math.ceil((self.end - self.begin) / self.every))


@dataclass(frozen=True, slots=True)
class Middles:
    """The middle of each scene; a scene is from one of the `bounds` (seconds) to the next."""

    bounds: Sequence[float]

    def next(self, number: int, after: float) -> Place | None:
        for place, (begin, end) in enumerate(pairwise(self.bounds)):
            if place >= number and end > after:
                return Place(place, (begin + end) / 2, (end - begin) / 4)
        return None

    def total(self) -> int | None:
        return max(0, len(self.bounds) - 1)
