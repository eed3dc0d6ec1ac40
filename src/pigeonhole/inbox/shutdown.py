"""How a watch ends: at once while it waits, looks or decodes, but not in the middle of putting files in their place."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE_SECONDS = 6.0  # `docker stop` waits for ten, and rolling back takes a moment


class Shutdown:
    """SIGTERM, Ctrl-C and a terminal that is closed (SIGHUP) raise KeyboardInterrupt.

    They do so as soon as `uninterrupted` is over or has taken too long.
    """

    def __init__(self) -> None:
        self._is_busy = False
        self._is_wanted = False

    def listen(self) -> None:
        """Only the main thread may call it."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, self._handle)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has it ignored
            signal.signal(signal.SIGHUP, self._handle)

    def ignore(self) -> None:
        """From now on nothing interrupts the end."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """What is done in here is done, or, if it takes longer than anyone waits, broken off to be rolled back."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
        if self._is_wanted:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_busy and number != signal.SIGALRM and not self._is_wanted:
            self._is_wanted = True
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
            return
        raise KeyboardInterrupt
