"""Looking at files that others may edit, replace or remove at any time, on disks that may not answer.

Whether a file is there is only known when the system says so: "not there" and "I cannot look" are never the same here.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pigeonhole.records import Identity

BLOCK = 1024 * 1024
# What may go better a little later: a busy file, a disk or a share that does not answer.
TRANSIENT = frozenset(
    (
        *(errno.EIO, errno.ESTALE, errno.EBUSY, errno.EAGAIN, errno.ETXTBSY, errno.EINTR, errno.ENOMEM, errno.EMFILE),
        *(errno.ENFILE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.ECONNABORTED, errno.ECONNRESET, errno.EREMOTEIO, errno.ENOLINK),
    )
)
# What the system answers where there is nothing: no such name, or a file where a folder would have to be.
NOT_THERE = frozenset((errno.ENOENT, errno.ENOTDIR))


class SourceError(Exception):
    """One file that cannot be used as it is; the reason is a sentence. `transient`: another try may go better."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        self.reason = reason
        self.transient = transient
        super().__init__(reason)

    @classmethod
    def of(cls, error: OSError) -> "SourceError":
        if error.errno in NOT_THERE:
            return ChangedError("it has gone while it was sorted", transient=False)
        return cls(f"it cannot be read: {error.strerror}", transient=error.errno in TRANSIENT)


def reason_of(error: OSError | SourceError) -> str:
    return error.reason if isinstance(error, SourceError) else str(error.strerror)


class ChangedError(SourceError):
    """The file is no longer the one that was read, or no longer there: this is known, unlike with its base class."""

    def __init__(self, reason: str = "it was changed while it was sorted", *, transient: bool = True) -> None:
        super().__init__(reason, transient=transient)


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
    """The regular file at `path`, which must be the file `expected`, unedited (None: any). Links are not followed.

    Its ctime may be another: it also changes when a second name of the file is removed. Whoever needs to know compares
    the content. Raises ChangedError where it is another file, SourceError where it cannot be opened.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW  # a pipe would wait for its writer for ever
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EMLINK):  # a link, a socket
            raise ChangedError("there is no longer a file in its place") from None
        raise SourceError.of(error) from None
    try:
        file = _opened(descriptor)
        if not stat.S_ISREG(file.status.st_mode):
            raise ChangedError("there is no longer a file in its place")
        if expected is not None and not expected.is_renamed(file.identity):
            raise ChangedError
        yield file
    finally:
        os.close(descriptor)


def _opened(descriptor: int) -> OpenFile:
    try:
        return OpenFile(descriptor)
    except OSError as error:
        raise SourceError.of(error) from None


def has_content(path: Path, sha256: str) -> bool:
    """Whether a regular file with this digest stands at `path`. Raises SourceError where nobody can tell."""
    try:
        with open_unchanged(path) as file:
            return file.digest() == sha256
    except ChangedError:
        return False


def status_of(path: Path, *, follow: bool = False) -> os.stat_result | None:
    """The state of what stands at `path`, None where nothing does. A link is itself, with `follow` what it leads to.

    Raises OSError where nobody can tell.
    """
    try:
        return path.stat(follow_symlinks=follow)
    except OSError as error:
        if error.errno in NOT_THERE or (follow and error.errno == errno.ELOOP):
            return None
        raise


def is_folder(path: Path) -> bool:
    """Whether a folder or a link to one stands at `path`. Raises OSError where nobody can tell."""
    status = status_of(path, follow=True)
    return status is not None and stat.S_ISDIR(status.st_mode)


def is_file(path: Path) -> bool:
    """Whether a regular file, and no link to one, stands at `path`. Raises OSError where nobody can tell."""
    status = status_of(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def exists(path: Path) -> bool:
    """Whether anything stands at `path`, be it a link to nowhere. Raises OSError where nobody can tell."""
    return status_of(path) is not None


def leads_to(link: Path, path: Path) -> bool:
    """Whether a symbolic link with the content `path` stands at `link`. Raises OSError where nobody can tell."""
    status = status_of(link)
    return status is not None and stat.S_ISLNK(status.st_mode) and link.readlink() == path
