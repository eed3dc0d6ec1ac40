"""Removing one certain file, and never another that has taken its name."""

import os
import stat
import time
from itertools import count
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.publish import CANNOT, is_same_file, publish, rename_without_replacing
from pigeonhole.files.source import ChangedError, exists, has_content, status_of
from pigeonhole.records import Identity

# A clock tick of the coarsest file system (FAT): within it, an edit may leave size and times as they were.
TICK_NS = 2_000_000_000


def remove_same(path: Path, identity: Identity, sha256: str, aside: Path) -> None:
    """Remove the file at `path` if it is still the file `identity`, unedited, which has the digest `sha256`.

    It is renamed to `aside` (a free name in the same folder) and looked at once more: from then on nobody can put
    another file in the place of what is removed. Raises ChangedError where it is another file, which keeps its name, or
    has gone; OSError or SourceError where it cannot be removed or looked at: then it may stand at `aside`.
    """
    status = status_of(path)
    if status is None:
        raise ChangedError("it has gone while it was sorted", transient=False)
    before = Identity.of(status)
    if not identity.is_renamed(before):
        raise ChangedError
    _rename(path, aside)
    failpoints.failpoint("source aside")
    # Another ctime tells nothing: it changes when a second name of the file goes, too. So does an edit that kept its
    # time, or one within a clock tick; then the content decides.
    is_told = before == identity and is_settled(identity, time.time_ns())
    if not identity.is_renamed(Identity.of(aside.lstat())) or not (is_told or has_content(aside, sha256)):
        put_back(aside, path)
        raise ChangedError
    aside.unlink()


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
            if not is_same_file(aside, name):
                continue
            aside.unlink()  # it has had its name back, and the old one could not be taken away then
        return name
    raise AssertionError


def drop_part(part: Path, target: Path | None) -> None:
    """Remove `part`, where there is one, and first an empty file that reserves the name `target` for it.

    Raises OSError where that cannot be; then it can be called again.
    """
    status = status_of(part)
    if status is None:
        return
    reserved = status_of(target) if target else None
    # An empty file that is older than the part is someone's own.
    is_ours = reserved is not None and reserved.st_mtime_ns >= status.st_ctime_ns - TICK_NS
    if target and is_ours and reserved and stat.S_ISREG(reserved.st_mode) and reserved.st_size == 0:
        target.unlink()
    part.unlink()  # last: as long as it is there, the reservation is known to be one


def _rename(path: Path, aside: Path) -> None:
    try:
        rename_without_replacing(path, aside)
    except OSError as error:
        if error.errno not in CANNOT or exists(aside):
            raise
        os.rename(path, aside)  # noqa: PTH104 - `aside` is a name that only we give
