"""A copy that is proven before anyone can see it."""

import os
from contextlib import suppress
from pathlib import Path

from pigeonhole import failpoints
from pigeonhole.files.metadata import keep_metadata
from pigeonhole.files.publish import sync_open
from pigeonhole.files.source import ChangedError, OpenFile, open_unchanged


def copy_aside(source: OpenFile, sha256: str, part: Path, *, with_owner: bool) -> None:
    """Write the content of `source` to the new file `part`, with all that belongs to it, read it back, sync it.

    Raises ChangedError where it has not the digest `sha256`, SourceError where it cannot be read, OSError where `part`
    cannot be written; then `part` is gone, if it can be removed.
    """
    try:
        _write(source, part, with_owner=with_owner)
        failpoints.failpoint("part written")
        with open_unchanged(part) as copy:
            if copy.digest() != sha256:
                raise ChangedError
            sync_open(copy.descriptor)
        failpoints.failpoint("part synced")
    except BaseException:
        with suppress(OSError):  # the reason for which it failed says more
            part.unlink()
        raise


def _write(source: OpenFile, part: Path, *, with_owner: bool) -> None:
    # Its name is ours alone; what a dead run left there is worth nothing. O_EXCL follows no link.
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as writer:
        failpoints.failpoint("part made")
        copied = _in_the_kernel(source, descriptor)
        for block in source.blocks(copied):
            rest = memoryview(block)
            while rest:
                rest = rest[writer.write(rest) or 0 :]
        keep_metadata(source, descriptor, with_owner=with_owner)


def _in_the_kernel(source: OpenFile, descriptor: int) -> int:
    """How many bytes the system has copied by itself, or merely shared where the file system can; the rest is ours."""
    copied = 0
    if not hasattr(os, "copy_file_range"):
        return copied
    with suppress(OSError):  # between these two file systems it cannot; on a full disk writing the rest says so
        while more := os.copy_file_range(source.descriptor, descriptor, source.status.st_size, copied):
            copied += more
    return copied
