"""When is a file complete? When nothing about it has changed over two looks that are far enough apart.

Pure bookkeeping: who calls brings the state of the files and the time. Only the caller's monotonic clock counts, so
neither a clock that is set nor a file from the year 2099 makes a difference.
"""

from collections.abc import Hashable

from pigeonhole.records import Identity

MOST = 20_000  # files that are waited for at once; half a kilobyte each


class StabilityTracker:
    """The files that have been seen and are not known to be complete, at most `most` of them.

    What does not fit is seen for the first time in a later look, when others have left. `seconds` is how long a file
    has to stay as it is.
    """

    def __init__(self, seconds: float, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._waiting: dict[Hashable, tuple[Identity, float, int]] = {}
        self._look = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, file: Hashable) -> bool:
        return file in self._waiting

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self._most

    def is_stable(self, file: Hashable, identity: Identity, now: float) -> bool:
        """Whether `file`, which is in the state `identity` at the time `now`, has been so for long enough."""
        known = self._waiting.get(file)
        if known is None and self.is_full:
            return False
        if known is None or known[0] != identity:
            self._waiting[file] = identity, now, self._look
            return False
        since = known[1]
        self._waiting[file] = identity, since, self._look
        return now - since >= self._seconds

    def begin_again(self, file: Hashable, now: float) -> None:
        """Something other than its state says that it is not complete."""
        identity, _, look = self._waiting[file]
        self._waiting[file] = identity, now, look

    def forget(self, file: Hashable) -> None:
        """It is taken, or gone."""
        self._waiting.pop(file, None)

    def end_look(self) -> None:
        """Every file that is there has been shown once since the last call: what was not has gone."""
        self._waiting = {file: entry for file, entry in self._waiting.items() if entry[2] == self._look}
        self._look += 1

    def next_due(self) -> float | None:
        """The time at which the first of them may be settled, None where none is waited for."""
        return min((since + self._seconds for _, since, _ in self._waiting.values()), default=None)
