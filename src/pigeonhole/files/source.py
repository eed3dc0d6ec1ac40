"""Holding a file that others may edit, replace or remove at any time."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pigeonhole.records import Identity

BLOCK = 1024 * 1024
# What may go better a little later: a busy file, a share that does not answer.
TRANSIENT = frozenset((errno.EIO, errno.ESTALE, errno.EBUSY, errno.ETIMEDOUT, errno.EAGAIN, errno.ETXTBSY))


class SourceError(Exception):
    """One file that cannot be used as it is; the reason is a sentence. `transient`: another try may go better."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        self.reason = reason
        self.transient = transient
        super().__init__(reason)

    @classmethod
    def of(cls, error: OSError) -> "SourceError":
        if isinstance(error, FileNotFoundError):
            return cls("it has gone while it was sorted")
        return cls(f"it cannot be read: {error.strerror}", transient=error.errno in TRANSIENT)


class ChangedError(SourceError):
    """The file is no longer the one that was read."""

    def __init__(self, reason: str = "it was changed while it was sorted") -> None:
        super().__init__(reason, transient=True)


class OpenFile:
    """A regular file held open: what its name points to may change, what is read through this cannot be another file.

    `identity` is its state when it was opened.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.status = os.fstat(descriptor)
        self.identity = Identity.of(self.status)

    def blocks(self, position: int = 0) -> Iterator[bytes]:
        """The content from `position` to its end. Raises SourceError where it cannot be read."""
        while block := self._block(position):
            position += len(block)
            yield block

    def digest(self) -> str:
        """The SHA-256 of the content, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    def now(self) -> Identity:
        return Identity.of(os.fstat(self.descriptor))

    def _block(self, position: int) -> bytes:
        try:
            return os.pread(self.descriptor, BLOCK, position)
        except OSError as error:
            raise SourceError.of(error) from None


@contextmanager
def open_unchanged(path: Path, expected: Identity | None = None) -> Iterator[OpenFile]:
    """The regular file at `path`, which must be in the state `expected` (None: in any). Links are not followed.

    Raises ChangedError where it is another file, SourceError where it cannot be opened.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW  # a pipe would wait for its writer for ever
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK):  # a link, a socket
            raise ChangedError("there is no longer a file in its place") from None
        raise SourceError.of(error) from None
    try:
        file = OpenFile(descriptor)
        if not stat.S_ISREG(file.status.st_mode):
            raise ChangedError("there is no longer a file in its place")
        if expected is not None and file.identity != expected:
            raise ChangedError
        yield file
    finally:
        os.close(descriptor)


def has_content(path: Path, sha256: str) -> bool:
    """Whether a regular file with this digest stands at `path`."""
    try:
        with open_unchanged(path) as file:
            return file.digest() == sha256
    except SourceError:
        return False
