"""Whether a watcher is alive and well, in a small file that anyone may ask: a container's health check does."""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pigeonhole import own_names
from pigeonhole.errors import not_written
from pigeonhole.text import printable

FILE = Path(own_names.FOLDER) / "health.json"
SIZE = 4096  # always as long: it is written in place, which works on a full disk, too
BEAT_SECONDS = 15.0
SILENCE_SECONDS = 180.0  # a picture that takes its decoder's full time twice is no reason to call a doctor
ENDED = "the watcher has ended"
KEYS = {"beat", "boot", "locked", "trouble"}
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Health:
    """Writes the file OUT/.pigeonhole/health.json. Times are the system's monotonic clock, which nobody sets."""

    def __init__(self, out: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises OutputError where it cannot be written."""
        self._clock = clock
        self._boot = _boot()
        try:
            self._descriptor = _opened(out / FILE, os.O_RDWR | os.O_CREAT)
            self._is_locked = _lock(self._descriptor, fcntl.LOCK_EX)
            self._write("it is just starting")
        except OSError as error:
            raise not_written(f"{printable(out / FILE)}", error) from None

    def close(self) -> None:
        os.close(self._descriptor)

    def beat(self, trouble: str = "") -> None:
        """Still alive, and well where there is no `trouble`. May be called often."""
        if trouble != self._trouble or self._clock() - self._last >= BEAT_SECONDS:
            try:
                self._write(trouble)
            except OSError:
                return  # then the silence speaks

    def _write(self, trouble: str) -> None:
        record = {"beat": self._clock(), "boot": self._boot, "locked": self._is_locked, "trouble": trouble}
        text = json.dumps(record).encode()
        os.pwrite(self._descriptor, text[: SIZE - 1].ljust(SIZE - 1) + b"\n", 0)
        self._trouble, self._last = trouble, self._clock()


def why_unhealthy(out: Path, clock: Callable[[], float] = time.monotonic) -> str | None:
    """A sentence's worth of reason why the watcher that sorts into `out` is not well, None if it is."""
    record = _read(out / FILE)
    if record is None:
        time.sleep(0.1)  # it may just have been in the middle of being written
        record = _read(out / FILE)
    if record is None:
        return f"no watcher sorts into {printable(out)}"
    if record["trouble"]:
        return str(record["trouble"])
    silence = clock() - record["beat"]
    if record["boot"] != _boot() or silence < 0 or (record["locked"] and _is_free(out / FILE)):
        return ENDED
    if silence > SILENCE_SECONDS:
        return f"the watcher has not been heard of for {silence:.0f} seconds"
    return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        descriptor = _opened(path, os.O_RDONLY)
        try:
            record = json.loads(os.pread(descriptor, SIZE, 0))
        finally:
            os.close(descriptor)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not record.keys() >= KEYS or not isinstance(record["beat"], int | float):
        return None
    return record


def _is_free(path: Path) -> bool:
    """Whether nobody holds the lock that a watcher holds for as long as it lives."""
    try:
        descriptor = _opened(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _opened(path: Path, flags: int) -> int:
    """A descriptor of the regular file at `path`. Whatever else stands there is neither followed nor waited for."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file", str(path))


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _boot() -> str:
    """Which run of the system this is: its monotonic clock begins anew with each."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
