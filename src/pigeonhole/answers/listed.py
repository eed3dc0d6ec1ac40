"""What is to be answered, wherever it lies: a folder's files, or the objects of a store."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pigeonhole.records import Failed, Found, Skipped


@dataclass(frozen=True, slots=True)
class Listed:
    """One picture by its `name`, which is its path below what was listed, with `/`, bytes that are no text escaped as
    Python does (surrogateescape).

    `size` in bytes, times in nanoseconds since 1970; `ctime_ns` is None for objects, which have none.
    """

    name: str
    size: int
    mtime_ns: int
    ctime_ns: int | None


class Source(Protocol):
    """Where pictures come from. It can be pickled: on every machine of a cluster it reads the same."""

    @property
    def address(self) -> str:
        """The absolute path, or the URL: what identifies it."""

    def path_of(self, item: Listed | Skipped | Failed) -> str:
        """What a user calls something that `find` gave: its path, or its URL."""

    def find(self, *, recursive: bool = True, include_hidden: bool = False) -> Iterator[Listed | Skipped | Failed]:
        """Every file, as soon as it is met: Listed if it may be a picture, else why it is none; as `files.find`."""

    def reading(self) -> AbstractContextManager["Reading"]:
        """For as long as pictures are read from here."""

    def digest(self, name: str) -> str:
        """The SHA-256 of the picture `name`, as 64 hexadecimal digits. Raises OSError where it cannot be read."""


class Reading(Protocol):
    """The pictures as files of this machine, until it is closed."""

    def files(self, listed: Iterable[Listed]) -> Iterator[tuple[Listed, Found | Failed]]:
        """Each with a file that holds its bytes, some ahead of whoever asks; in their order."""

    def release(self, found: Found) -> None:
        """A file that `files` gave is needed no longer."""


class Store(Protocol):
    """Where the files of a table lie. Each appears under its name all at once. It can be pickled."""

    @property
    def address(self) -> str: ...

    def names(self) -> list[str]:
        """The Parquet files there, sorted. Empty where there is no such folder."""

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, data: bytes) -> None:
        """`name` is the old file or the new one at every moment, complete."""

    def remove(self, name: str) -> None: ...
