"""Squares around faces, and which of them mean the same face."""

from collections.abc import Iterable
from dataclasses import dataclass

SAME = 0.3  # of two squares that is common to both (intersection over union): then they mean the same face
INSIDE = 0.7  # of a smaller square that lies in a larger one: an eye is taken for a face in a face


@dataclass(frozen=True, slots=True)
class Find:
    """One square that one detector found in one of the ways it looked: `x`, `y` its middle and `side`, in pixels.

    `way` names detector and way; `sure` where the detector hardly doubts, `trusted` where it is hardly ever wrong then.
    """

    x: float
    y: float
    side: float
    way: str
    sure: bool
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """`left`, `top` and `side` of the square around a face, forehead to chin, in pixels of the upright picture.

    `votes` is how many ways of looking found it; it is `sure` where one of them was or two detectors agree, and `firm`
    where besides one alone is trusted, or another way found it, too.
    """

    left: float
    top: float
    side: float
    votes: int
    sure: bool
    firm: bool

    def widened(self, margin: float, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom with so much of `side` more on each side, moved into a picture of this size."""
        side = min(self.side * (1 + 2 * margin), width, height)
        left = min(max(0.0, self.left + self.side / 2 - side / 2), width - side)
        top = min(max(0.0, self.top + self.side / 2 - side / 2), height - side)
        return round(left), round(top), round(left + side), round(top + side)


def merged(finds: Iterable[Find]) -> list[Face]:
    """One face for all finds that overlap, from left to right."""
    clusters: list[list[Find]] = []
    for find in sorted(finds, key=lambda each: (not each.sure, each.side)):
        for cluster in clusters:
            if any(_overlap(find, other) >= SAME for other in cluster):
                cluster.append(find)
                break
        else:
            clusters.append([find])
    faces = _without_inner([_face(cluster) for cluster in clusters])
    return sorted(faces, key=lambda face: (face.left, face.top))


def _face(cluster: list[Find]) -> Face:
    """The median of what was found, from the sure finds where there are any."""
    told = [find for find in cluster if find.sure] or cluster
    x, y, side = (_median([getattr(find, name) for find in told]) for name in ("x", "y", "side"))
    ways = {find.way for find in cluster}
    detectors = {way.split()[0] for way in ways}
    sure = any(find.sure for find in cluster) or len(detectors) > 1
    firm = sure and (len(ways) > 1 or any(find.trusted for find in cluster))
    return Face(x - side / 2, y - side / 2, side, len(ways), sure, firm)


def _without_inner(faces: list[Face]) -> list[Face]:
    """Of two faces one inside the other, the one with more votes."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda each: (each.sure, each.votes, each.side), reverse=True):
        if not any(_inside(face, other) >= INSIDE for other in kept):
            kept.append(face)
    return kept


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _common(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """The area that two squares (left, top, side) have in common."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[2], other[1] + other[2]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def _square(find: Find) -> tuple[float, float, float]:
    return find.x - find.side / 2, find.y - find.side / 2, find.side


def _overlap(one: Find, other: Find) -> float:
    common = _common(_square(one), _square(other))
    return common / (one.side**2 + other.side**2 - common)


def _inside(one: Face, other: Face) -> float:
    """How much of the smaller of two faces lies in the larger."""
    common = _common((one.left, one.top, one.side), (other.left, other.top, other.side))
    return common / min(one.side, other.side) ** 2
