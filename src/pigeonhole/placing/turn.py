"""A turn at an output folder that another process holds for as long as it lives: a watcher gives way between files.

Whoever asks holds OUT/.pigeonhole/turn. A watcher that sees it held lets go of the folder until it is free again. Both
locks end with the process that holds them, so nobody waits for a dead one.
"""

import time
from pathlib import Path

from pigeonhole.files.lock import Lock, TakenError

TURN = "turn"
PATIENCE_SECONDS = 10.0  # for a watcher to finish with the files in hand
LOOK_SECONDS = 0.05


def locked_in_turn(lock: Path, patience: float) -> tuple[Lock, Lock | None]:
    """The lock at `lock`, for which another process may be asked to give way for `patience` seconds; and what asks,
    which is to be released after it. Raises TakenError where it does not, OSError where no file can be made.
    """
    try:
        return Lock(lock), None
    except TakenError:
        if not patience:
            raise
    end = time.monotonic() + patience
    turn = _waited_for(lock.with_name(TURN), end)
    try:
        return _waited_for(lock, end), turn
    except BaseException:
        turn.release()
        raise


def is_turn_wanted(own: Path) -> bool:
    """Whether another process waits for a turn at the folder whose .pigeonhole is `own`, or has it now."""
    if not (own / TURN).exists():
        return False
    try:
        Lock(own / TURN).release()
    except TakenError:
        return True
    except OSError:
        return False
    return False


def _waited_for(path: Path, end: float) -> Lock:
    while True:
        try:
            return Lock(path)
        except TakenError:
            if time.monotonic() >= end:
                raise
        time.sleep(LOOK_SECONDS)
