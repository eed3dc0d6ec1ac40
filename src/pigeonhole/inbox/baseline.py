"""What lay in the inbox before it was watched, for those who want that left alone."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from pigeonhole.records import Identity

_MASK = (1 << 64) - 1


class Baseline:
    """The files of that moment, eight bytes each: a digest of its path, inode, size and time.

    A file that is changed later counts as arrived.
    """

    def __init__(self, files: Iterable[tuple[str, Identity]]) -> None:
        self._sorted = array("Q", sorted(_digest(*file) for file in files))

    def __contains__(self, file: tuple[str, Identity]) -> bool:
        wanted = _digest(*file)
        at = bisect_left(self._sorted, wanted)
        return at < len(self._sorted) and self._sorted[at] == wanted


def _digest(path: str, identity: Identity) -> int:
    return hash((path, identity.inode, identity.size, identity.mtime_ns)) & _MASK
