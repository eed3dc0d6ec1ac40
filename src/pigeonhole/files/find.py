"""What lies in a folder, one entry at a time, so that a million files use the memory of a hundred."""

import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from pigeonhole import own_names
from pigeonhole.files.read import head
from pigeonhole.images.signature import HEAD_BYTES, looks_like_picture
from pigeonhole.records import Failed, Found, Skipped

# Other programs' unfinished downloads, notes and thumbnails; and our own part files.
IGNORED = (
    *("*.part", "*.tmp", "*.crdownload", "*.filepart", "*.partial", "~$*", "._*", ".nfs*", f"{own_names.PREFIX}*"),
    *(".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir"),
)
PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
        *(".webp", ".avif", ".avifs", ".heic", ".heif", ".hif", ".ppm", ".pgm", ".pbm", ".pnm"),
    )
)


LeaveOut = Callable[[Path], bool]
"""Whether a folder is not to be entered."""


def nothing(folder: Path) -> bool:
    return False


def find(folder: Path, *, recursive: bool = True, leave_out: LeaveOut = nothing) -> Iterator[Found | Skipped | Failed]:
    """Every file below `folder`, as soon as it is met: Found if it may be a picture, else Skipped with the reason.

    A picture is known by its extension, or by its first bytes where it has another one. Links are never followed.
    A folder that cannot be listed is one Failed, one to `leave_out` one Skipped.
    """
    for entry, relative in entries_below(folder, recursive=recursive, leave_out=leave_out):
        yield entry if isinstance(entry, Failed | Skipped) else judged(entry, relative)


def find_named(path: Path) -> Found:
    """The file that a user named: taken for a picture whatever it is called."""
    return Found(path, Path(path.name))


def count_files(folder: Path, *, recursive: bool = True, leave_out: LeaveOut = nothing) -> int:
    """How many results `find` will give; quick, since no file is opened."""
    return sum(1 for _ in entries_below(folder, recursive=recursive, leave_out=leave_out))


def entries_below(
    folder: Path, *, recursive: bool, leave_out: LeaveOut = nothing
) -> Iterator[tuple[os.DirEntry[str] | Failed | Skipped, Path]]:
    """All that is not a folder to enter, with its path below `folder`. A folder that cannot be listed is a Failed."""
    stack = [(folder, Path())]  # because folders may be nested deeper than Python calls
    while stack:
        current, below = stack.pop()
        if leave_out(current):
            yield Skipped(current, "the output folder"), below
            continue
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        yield entry, below / entry.name
                    elif recursive and not is_ignored(entry.name):
                        stack.append((Path(entry.path), below / entry.name))
        except OSError as error:
            yield Failed(current, f"the folder cannot be listed: {error.strerror}"), below


def judged(entry: os.DirEntry[str], relative: Path) -> Found | Skipped | Failed:
    """What `find` says of one entry; opens the file where its name does not tell."""
    path = Path(entry.path)
    if entry.is_symlink():
        return Skipped(path, "a link, which is not followed")
    if not entry.is_file(follow_symlinks=False):
        return Skipped(path, "not a file")
    if is_ignored(entry.name):
        return Skipped(path, "another program's own file")
    try:
        if path.suffix.lower() in PICTURE_SUFFIXES or looks_like_picture(head(path, HEAD_BYTES)):
            return Found(path, relative)
    except OSError as error:
        return Failed(path, f"it cannot be opened: {error.strerror}")
    return Skipped(path, "not a picture")


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is another program's own."""
    return any(fnmatch(name, pattern) for pattern in IGNORED)
