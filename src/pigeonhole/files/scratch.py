"""Folders for temporary files that are gone when their process is: at its end, or else before the next one begins."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import geteuid
from pathlib import Path
from stat import S_ISDIR

from pigeonhole.files.lock import Lock, TakenError
from pigeonhole.own_names import PREFIX

LOCK = f"{PREFIX}-scratch.lock"  # in each: held for as long as its process lives
NAME = re.compile(r"pigeonhole-[a-z0-9_]{8}")  # as tempfile makes them


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """A new folder in `parent` (None: where temporary files belong), empty but for its lock.

    Those whose process was killed are removed first. Raises OSError where none can be made.
    """
    parent = parent or Path(tempfile.gettempdir())
    _remove_left_behind(parent)
    folder, lock = _make(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _make(parent: Path) -> tuple[Path, Lock]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix="pigeonhole-", dir=parent))
        with suppress(TakenError, FileNotFoundError):
            lock = Lock(folder / LOCK)
            if (folder / LOCK).exists():
                return folder, lock
            lock.release()  # another process took it for left behind, in the moment before it was locked


def _remove_left_behind(parent: Path) -> None:
    for folder in _entries(parent):
        if not NAME.fullmatch(folder.name) or not _is_ours(folder):
            continue
        with suppress(TakenError, OSError):  # in use, or another process removes it
            lock = Lock(folder / LOCK)
            if lock.works:
                shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def _entries(parent: Path) -> list[Path]:
    try:
        return list(parent.iterdir())
    except PermissionError:  # a folder that takes files and shows none
        return []


def _is_ours(folder: Path) -> bool:
    try:
        status = folder.lstat()
        return S_ISDIR(status.st_mode) and status.st_uid == geteuid() and (folder / LOCK).is_file()
    except OSError:
        return False
