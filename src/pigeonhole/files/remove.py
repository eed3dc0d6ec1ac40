"""Removing one certain file, and never another that has taken its name."""

import os
import time
from itertools import count
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.publish import CANNOT, publish, rename_without_replacing
from pigeonhole.files.source import ChangedError, SourceError, has_content
from pigeonhole.records import Identity

# A clock tick of the coarsest file system (FAT): within it, an edit may leave size and times as they were.
TICK_NS = 2_000_000_000


def remove_same(path: Path, identity: Identity, sha256: str, aside: Path) -> None:
    """Remove the file at `path` if it is still in the state `identity`, which has the digest `sha256`.

    It is renamed to `aside` (a free name in the same folder) and looked at once more: from then on nobody can put
    another file in the place of what is removed. Raises ChangedError where it is another file, which keeps its name,
    OSError where the file cannot be removed, SourceError where it has gone.
    """
    try:
        if Identity.of(path.lstat()) != identity:
            raise ChangedError
    except FileNotFoundError as error:
        raise SourceError.of(error) from None
    _rename(path, aside)
    failpoints.failpoint("source aside")
    if not is_same_aside(aside, identity, sha256):
        put_back(aside, path)
        raise ChangedError
    aside.unlink()


def is_same_aside(aside: Path, identity: Identity, sha256: str) -> bool:
    """Whether `aside` is the file of `identity`, renamed; by its content where it is too young for times to tell."""
    if not identity.is_renamed(Identity.of(aside.lstat())):
        return False
    return is_settled(identity, time.time_ns()) or has_content(aside, sha256)


def is_settled(identity: Identity, seen_ns: int) -> bool:
    """Whether an edit after `seen_ns` would show: the last one before it must be older than a clock tick."""
    return max(identity.mtime_ns, identity.ctime_ns) < seen_ns - TICK_NS


def put_back(aside: Path, path: Path) -> Path:
    """Give `aside` its name `path` back; with -2, -3, … where that has been taken meanwhile. Returns the name."""
    for number in count(1):
        name = path if number == 1 else path.with_name(f"{path.stem[:200]}-{number}{path.suffix}")
        try:
            publish(aside, name)
        except FileExistsError:
            continue
        return name
    raise AssertionError


def _rename(path: Path, aside: Path) -> None:
    try:
        rename_without_replacing(path, aside)
    except OSError as error:
        if error.errno not in CANNOT or aside.exists():
            raise
        os.rename(path, aside)  # noqa: PTH104 - `aside` is a name that only we give
