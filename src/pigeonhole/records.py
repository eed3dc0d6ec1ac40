"""What happens to a picture, as plain values that every room can hand on."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, TypeVar

UNKNOWN = "unknown"  # the label of a picture that seems to be of none of the categories


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file it is and in which state: whoever edits or replaces it changes at least one of these.

    `size` in bytes, times in nanoseconds since 1970.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def is_renamed(self, other: "Identity") -> bool:
        """Whether `other` is this very file, unedited, perhaps under another name: renaming changes the ctime alone."""
        return (self.device, self.inode, self.size, self.mtime_ns) == (
            other.device,
            other.inode,
            other.size,
            other.mtime_ns,
        )


@dataclass(frozen=True, slots=True)
class FaceSearch:
    """What came of looking for the face in a picture that is to be classified.

    `box`: left, top, right and bottom of what is cut out around the largest, in pixels of the upright picture; None
    where there is no face.
    """

    box: tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a picture. `relative` is its path below the folder that was searched.

    `face` tells where its face is, None where nobody has looked.
    """

    path: Path
    relative: Path
    face: FaceSearch | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """The answer for one picture.

    `ranking` holds every category with its probability (0 to 1, they sum to 1), best first.
    `sha256` is the digest of the very bytes that were decoded, `identity` the state of the file before they were read.
    `distance` is how far the picture is from the nearest training picture of its category, None where the model cannot
    tell; `why_unknown` says why the model withholds its answer, empty where it does not. `has_end` is whether the file
    ends as files of its format do: one that does not has all its pixels, and may still be written to. `face`: the part
    that was classified, None where the model looks for no faces.
    """

    path: Path
    ranking: tuple[tuple[str, float], ...]
    sha256: str
    identity: Identity
    distance: float | None = None
    why_unknown: str = ""
    has_end: bool = True
    face: FaceSearch | None = None

    @property
    def has_no_face(self) -> bool:
        """Whether a face was looked for and not found, so that the picture was classified as a whole."""
        return self.face is not None and self.face.box is None

    @property
    def label(self) -> str:
        """The answer: the best category, or `unknown` where the model withholds it."""
        return UNKNOWN if self.is_unknown else self.category

    @property
    def is_unknown(self) -> bool:
        return bool(self.why_unknown)

    @property
    def category(self) -> str:
        """The best category, also where it is too unsure to be the answer."""
        return self.ranking[0][0]

    @property
    def score(self) -> float:
        return self.ranking[0][1]


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture that now stands in the output under the name `target`.

    `is_unknown`: its best category is not sure enough, so it stands there as one of none. `trouble` says what else went
    wrong, None for nothing: a source that should be moved and cannot be removed.
    """

    guess: Guess
    target: Path
    is_unknown: bool = False
    trouble: str | None = None

    @property
    def path(self) -> Path:
        return self.guess.path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that claims to be a picture and cannot be read as one.

    `identity` and `sha256` as in Guess, None where they are not known (yet). `target` is where it was set aside, None
    where it was left.
    """

    path: Path
    reason: str
    identity: Identity | None = None
    sha256: str | None = None
    target: Path | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the input that is no picture, or was sorted before: it is counted and left alone."""

    target: ClassVar[None] = None
    trouble: ClassVar[None] = None

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that could be read but not put in its place; it is still where it was.

    `transient` where another try may go better: it was just being changed, or the disk did not answer.
    """

    target: ClassVar[None] = None
    trouble: ClassVar[None] = None

    path: Path
    reason: str
    transient: bool = False


Outcome = Placed | Unreadable | Skipped | Failed


@dataclass(slots=True)
class Summary:
    """How many files were `seen` where they lie, and how many met which outcome: two counts that must agree."""

    seen: int = 0
    sorted: int = 0
    unknown: int = 0
    unreadable: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def missing(self) -> int:
        """How many files were seen and came to no outcome; 0 unless something went wrong."""
        return self.seen - self.sorted - self.unknown - self.unreadable - self.skipped - self.failed

    def counting(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, each counted as seen."""
        for item in items:
            self.seen += 1
            yield item

    def count(self, outcome: Outcome) -> None:
        match outcome:
            case Placed(is_unknown=True):
                self.unknown += 1
            case Placed():
                self.sorted += 1
            case Unreadable():
                self.unreadable += 1
            case Skipped():
                self.skipped += 1
            case Failed():
                self.failed += 1
