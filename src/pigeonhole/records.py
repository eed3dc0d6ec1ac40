"""What happens to a picture, as plain values that every room can hand on."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a picture. `relative` is its path below the folder that was searched."""

    path: Path
    relative: Path


@dataclass(frozen=True, slots=True)
class Guess:
    """The answer for one picture.

    `ranking` holds every category with its probability (0 to 1, they sum to 1), best first.
    `sha256` is the digest of the very bytes that were decoded.
    """

    path: Path
    ranking: tuple[tuple[str, float], ...]
    sha256: str

    @property
    def category(self) -> str:
        return self.ranking[0][0]

    @property
    def score(self) -> float:
        return self.ranking[0][1]


@dataclass(frozen=True, slots=True)
class Sorted:
    """A picture that now stands in the output under the name `target`."""

    guess: Guess
    target: Path

    @property
    def path(self) -> Path:
        return self.guess.path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that claims to be a picture and cannot be read as one."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the input that is no picture: it is counted and left alone."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that could be read but not put in its place; it is still where it was."""

    path: Path
    reason: str


Outcome = Sorted | Unreadable | Skipped | Failed


@dataclass(slots=True)
class Summary:
    """How many files met which outcome. `seen` is always the sum of the others."""

    sorted: int = 0
    unreadable: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def seen(self) -> int:
        return self.sorted + self.unreadable + self.skipped + self.failed

    def count(self, outcome: Outcome) -> None:
        match outcome:
            case Sorted():
                self.sorted += 1
            case Unreadable():
                self.unreadable += 1
            case Skipped():
                self.skipped += 1
            case Failed():
                self.failed += 1
