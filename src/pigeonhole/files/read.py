"""Reading a file that may be anything: a link, a pipe that nobody writes to, or larger than the memory."""

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pigeonhole.errors import UnreadableError
from pigeonhole.records import Identity

MAX_BYTES = 256 * 1024 * 1024  # no picture; it would only fill the memory

MAX_LIST_BYTES = 64 * 1024 * 1024  # a million lines


def read(path: Path) -> tuple[bytes, Identity]:
    """All bytes of the regular file at `path`, and the state in which it was just before.

    Raises OSError where it cannot be opened, UnreadableError where it is no regular file or more than `MAX_BYTES`.
    """
    with regular_file(path, MAX_BYTES) as (file, status):
        return file.read(), Identity.of(status)


def read_at_most(path: Path, most: int) -> bytes:
    """The same of a file that is no picture and may have `most` bytes."""
    with regular_file(path, most) as (file, _):
        return file.read(most)


def read_list(path: Path) -> str:
    """The text of a list that a user has written or edited; bytes that are no UTF-8 are kept as Python keeps them.

    Raises OSError, and UnreadableError where it is no file or larger than any such list.
    """
    return read_at_most(path, MAX_LIST_BYTES).decode("utf-8-sig", "surrogateescape")


@contextmanager
def regular_file(path: Path, most: int = sys.maxsize) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """The file at `path`, open for reading, and its state; raises as `read_at_most` does."""
    # O_NONBLOCK: opening a named pipe would otherwise wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("it is not a file")
        if status.st_size > most:
            raise UnreadableError(f"it is larger than {most // 1024**2} MiB")
        with open(descriptor, "rb", closefd=False) as file:
            yield file, status
    finally:
        os.close(descriptor)


def head(path: Path, count: int) -> bytes:
    """The first `count` bytes of the regular file at `path`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, count)
    finally:
        os.close(descriptor)


def digest(data: bytes) -> str:
    """The SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
