"""Files that are not taken for a while: what failed is retried with exponential backoff, what is done is not taken."""

from collections.abc import Hashable
from dataclasses import dataclass

from pigeonhole.records import Identity, Unreadable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
MOST = 10_000
MOST_REMEMBERED = 200_000


@dataclass(slots=True)
class _Wait:
    identity: Identity
    due: float
    reason: str
    tries: int = 0
    is_doubted: bool = False
    verdict: Unreadable | None = None


class Backoff:
    """Why a file is not taken now, though it is complete. Whatever is said here ends when the file changes.

    At most `MOST` files are waited for; of more, those that have waited longest are tried early.
    """

    def __init__(self) -> None:
        self._waits: dict[Hashable, _Wait] = {}

    def __len__(self) -> int:
        return len(self._waits)

    def is_due(self, file: Hashable, identity: Identity, now: float) -> bool:
        """Whether `file` may be taken at the time `now`."""
        wait = self._waits.get(file)
        if wait is not None and wait.identity != identity:
            del self._waits[file]
            return True
        return wait is None or now >= wait.due

    def was_doubted(self, file: Hashable) -> bool:
        """Whether it was put off by `doubt`."""
        wait = self._waits.get(file)
        return wait is not None and wait.is_doubted

    def verdict(self, file: Hashable) -> Unreadable | None:
        """What is already known of a file that was put off by `doubt`."""
        wait = self._waits.get(file)
        return wait.verdict if wait else None

    def failed(self, file: Hashable, identity: Identity, reason: str, now: float) -> bool:
        """Put it off, twice as long as the last time. The result says whether the reason is news."""
        last = self._waits.get(file)
        tries = last.tries + 1 if last else 0
        due = now + min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(tries, 20))
        self._put(file, _Wait(identity, due, reason, tries))
        return last is None or last.reason != reason

    def doubt(self, file: Hashable, identity: Identity, verdict: Unreadable | None, due: float) -> None:
        """It may not be all there: believe what is known of it when it stays so until `due`.

        `verdict` is why it cannot be read, None where it can, but lacks its end.
        """
        self._put(file, _Wait(identity, due, verdict.reason if verdict else "", is_doubted=True, verdict=verdict))

    def forget(self, file: Hashable) -> None:
        self._waits.pop(file, None)

    def failing(self) -> set[Hashable]:
        """The files that wait for another try."""
        return {file for file, wait in self._waits.items() if not wait.is_doubted}

    def next_due(self) -> float | None:
        return min((wait.due for wait in self._waits.values()), default=None)

    def _put(self, file: Hashable, wait: _Wait) -> None:
        self._waits.pop(file, None)
        if len(self._waits) >= MOST:
            del self._waits[next(iter(self._waits))]
        self._waits[file] = wait


class Remembered:
    """Files with which nothing is to be done as long as they stay as they are: sorted ones that were left, notes, …

    Only digests are kept, 100 bytes a file, of at most `most` files; then it starts afresh, which costs a question to
    the journal for each file that is still there.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: dict[int, int] = {}

    def __contains__(self, file: tuple[Hashable, Identity]) -> bool:
        return self._known.get(hash(file[0])) == hash(file[1])

    def add(self, file: Hashable, identity: Identity) -> None:
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[hash(file)] = hash(identity)
