"""Pictures that are the objects of a store, and a table that is stored there: everything that pyarrow's file systems
can read and write, S3 first of all.

Credentials, region and endpoint come from the usual environment variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, …).
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from pigeonhole.answers.listed import Listed
from pigeonhole.errors import UsageError
from pigeonhole.files import scratch_folder
from pigeonhole.files.find import HIDDEN_FILE, OWN, PICTURE_SUFFIXES, is_passed_over, why_not_entered
from pigeonhole.files.hidden import is_never_taken
from pigeonhole.files.read import MAX_BYTES
from pigeonhole.formats.signature import HEAD_BYTES, looks_like_picture
from pigeonhole.records import Failed, Found, Skipped
from pigeonhole.text import printable

MAX_EXTENSION = 40  # characters
AHEAD = 32  # objects that are fetched at a time: each waits for its answer a hundred times as long as a disk's file
BLOCK = 1024 * 1024
SUFFIX = ".parquet"


def file_system(address: str) -> tuple[Any, str]:
    """pyarrow's file system for a URL, and the path in it. Raises UsageError where there is none for it."""
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    try:
        system, path = FileSystem.from_uri(_as_uri(address))
    except (ArrowException, OSError, ValueError) as error:
        raise UsageError(f"{printable(address)} cannot be opened: {said(error)}", "Check the address.") from None
    return system, path.rstrip("/")


def _as_uri(address: str) -> str:
    """`address` as people write it, with blanks, `#` and letters of all languages; what is escaped already stays."""
    return quote(re.sub("%(?![0-9A-Fa-f]{2})", "%25", address), safe="%/:?@&=+,;!$'()*~[]")


def refuse_missing_bucket(address: str) -> None:
    """Raise UsageError where nothing can be written at `address`, because there is no such bucket or no access."""
    from pyarrow.fs import FileType

    system, path = file_system(address)
    bucket = path.split("/")[0]
    try:
        is_there = not bucket or system.get_file_info(bucket).type != FileType.NotFound
    except OSError as error:
        raise UsageError(f"{printable(address)} cannot be looked at: {said(error)}", "") from None
    if not is_there:
        raise UsageError(f"There is no bucket {printable(bucket)}.", "Make it, or check the address.")


def said(error: BaseException) -> str:
    """The first sentence of an error of pyarrow's, which goes on with numbers of requests."""
    text = str(error).split(" (Request ID")[0].split(" Detail:")[0].strip().splitlines()
    return f"{printable(text[0])}." if text else f"{type(error).__name__}."


@dataclass(frozen=True, slots=True)
class BucketSource:
    """The objects whose keys begin with the path of the URL `address`."""

    address: str

    def path_of(self, item: Listed | Skipped | Failed) -> str:
        name = item.name if isinstance(item, Listed) else str(item.path)
        return f"{self.address.rstrip('/')}/{name}"

    def find(self, *, recursive: bool = True, include_hidden: bool = False) -> Iterator[Listed | Skipped | Failed]:
        """A folder at a time: the memory is that of the largest, not of all."""
        from pyarrow.fs import FileSelector, FileType

        system, root = file_system(self.address)
        stack = [root]
        while stack:
            current = stack.pop()
            try:
                entries = system.get_file_info(FileSelector(current))
            except OSError as error:
                if current == root:
                    raise UsageError(f"{printable(self.address)} cannot be listed: {said(error)}", "") from None
                yield Failed(Path(current[len(root) + 1 :]), f"it cannot be listed: {said(error)}")
                continue
            for entry in entries:
                name = entry.path[len(root) + 1 :]
                if entry.type == FileType.Directory:
                    if recursive and (reason := why_not_entered(entry.base_name, include_hidden=include_hidden)):
                        yield Skipped(Path(name), reason)
                    elif recursive:
                        stack.append(entry.path)
                elif entry.type == FileType.File and entry.base_name:
                    yield _judged(system, entry, name, include_hidden=include_hidden)

    @contextmanager
    def reading(self) -> Iterator["BucketReading"]:
        system, root = file_system(self.address)
        with scratch_folder() as folder, ThreadPoolExecutor(AHEAD) as threads:
            yield BucketReading(system, root, folder, threads)

    def digest(self, name: str) -> str:
        system, root = file_system(self.address)
        digest = hashlib.sha256()
        with system.open_input_stream(f"{root}/{name}") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()


class BucketReading:
    """Objects are fetched into `folder`, some at a time."""

    def __init__(self, system: Any, root: str, folder: Path, threads: ThreadPoolExecutor) -> None:
        self._system = system
        self._root = root
        self._folder = folder
        self._threads = threads
        self._numbers = count()

    def files(self, listed: Iterable[Listed]) -> Iterator[tuple[Listed, Found | Failed]]:
        pending: deque[tuple[Listed, Future[Found | Failed]]] = deque()
        for each in listed:
            path = self._folder / f"{next(self._numbers)}{PurePosixPath(each.name).suffix[:MAX_EXTENSION]}"
            key = f"{self._root}/{each.name}"
            pending.append((each, self._threads.submit(_fetch, self._system, key, each, path)))
            if len(pending) >= AHEAD:
                first, future = pending.popleft()
                yield first, future.result()
        for each, future in pending:
            yield each, future.result()

    def release(self, found: Found) -> None:
        found.path.unlink(missing_ok=True)


def _judged(system: Any, entry: Any, name: str, *, include_hidden: bool) -> Listed | Skipped | Failed:
    """As `files.find` judges a file."""
    path = Path(name)
    if is_passed_over(path.name, include_hidden=include_hidden):
        return Skipped(path, OWN if is_never_taken(path.name) else HIDDEN_FILE)
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        try:
            with system.open_input_stream(entry.path) as stream:
                if not looks_like_picture(stream.read(HEAD_BYTES)):
                    return Skipped(path, "not a picture")
        except OSError as error:
            return Failed(path, f"it cannot be opened: {said(error)}")
    return Listed(name, entry.size, entry.mtime_ns or 0, None)


def _fetch(system: Any, key: str, listed: Listed, path: Path) -> Found | Failed:
    """The object as the file `path`; of one that is too large no more than shows it."""
    try:
        with system.open_input_stream(key) as stream, path.open("wb") as file:
            while file.tell() <= MAX_BYTES and (block := stream.read(BLOCK)):
                file.write(block)
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return Failed(Path(path), f"it cannot be read: {said(error)}", transient=True)
    return Found(path, Path(listed.name))


@dataclass(frozen=True, slots=True)
class BucketStore:
    """The Parquet files below the URL `address`. An object is there as a whole or not at all."""

    address: str

    def names(self) -> list[str]:
        from pyarrow.fs import FileSelector, FileType

        system, root = file_system(self.address)
        entries = system.get_file_info(FileSelector(root, allow_not_found=True))
        return sorted(each.base_name for each in entries if each.type == FileType.File and each.extension == "parquet")

    def read(self, name: str) -> bytes:
        system, root = file_system(self.address)
        with system.open_input_stream(f"{root}/{name}") as stream:
            data: bytes = stream.read()
        return data

    def write(self, name: str, data: bytes) -> None:
        system, root = file_system(self.address)
        with system.open_output_stream(f"{root}/{name}") as stream:
            stream.write(data)

    def remove(self, name: str) -> None:
        system, root = file_system(self.address)
        system.delete_file(f"{root}/{name}")
