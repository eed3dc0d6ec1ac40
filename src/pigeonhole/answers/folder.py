"""Pictures in a folder, and a folder that holds a table."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.answers.listed import Listed
from pigeonhole.files import find, read_at_most, write_aside_and_replace
from pigeonhole.files.source import SourceError, is_folder, open_unchanged
from pigeonhole.records import Failed, Found, Skipped

SUFFIX = ".parquet"
MOST_BYTES = 2**30  # of a part, which has 5,000 rows


@dataclass(frozen=True, slots=True)
class FolderSource:
    """The pictures below `root`, by the rules of `files.find`."""

    root: Path

    @property
    def address(self) -> str:
        return os.path.realpath(self.root)

    def path_of(self, item: Listed | Skipped | Failed) -> str:
        return str(self.root / item.name if isinstance(item, Listed) else item.path)

    def find(self, *, recursive: bool = True, include_hidden: bool = False) -> Iterator[Listed | Skipped | Failed]:
        for item in find(self.root, recursive=recursive, include_hidden=include_hidden):
            if not isinstance(item, Found):
                yield item
                continue
            try:
                status = item.path.lstat()
            except OSError as error:
                yield Failed(item.path, f"it cannot be looked at: {error.strerror}", transient=True)
                continue
            yield Listed(str(item.relative), status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @contextmanager
    def reading(self) -> Iterator["FolderReading"]:
        yield FolderReading(self.root)

    def digest(self, name: str) -> str:
        try:
            with open_unchanged(self.root / name) as file:
                return file.digest()
        except SourceError as error:
            raise OSError(error.reason) from None


@dataclass(frozen=True, slots=True)
class FolderReading:
    """The files are the user's own."""

    root: Path

    def files(self, listed: Iterable[Listed]) -> Iterator[tuple[Listed, Found | Failed]]:
        for each in listed:
            yield each, Found(self.root / each.name, Path(each.name))

    def release(self, found: Found) -> None: ...


@dataclass(frozen=True, slots=True)
class FolderStore:
    """The Parquet files in the folder `root`; with `only`, that one of them."""

    root: Path
    only: str = ""

    @property
    def address(self) -> str:
        return str(self.root)

    def names(self) -> list[str]:
        if self.only:
            return [self.only]
        if not is_folder(self.root):
            return []
        with os.scandir(self.root) as entries:
            return sorted(each.name for each in entries if each.name.endswith(SUFFIX) and not each.name.startswith("."))

    def read(self, name: str) -> bytes:
        return read_at_most(self.root / name, MOST_BYTES)

    def write(self, name: str, data: bytes) -> None:
        write_aside_and_replace(self.root / name, data)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()
