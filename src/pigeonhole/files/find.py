"""What lies in a folder, one entry at a time, so that a million files use the memory of a hundred."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pigeonhole.files.hidden import is_hidden_file, is_hidden_folder, is_never_taken
from pigeonhole.files.read import head
from pigeonhole.formats.signature import HEAD_BYTES, looks_like_picture
from pigeonhole.records import Failed, Found, Skipped

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


LINK = "a link, which is not followed"
OWN = "another program's own file"
HIDDEN_FOLDER = "a hidden folder, trash, or another program's own"
HIDDEN_FILE = "unfinished, thrown away, or an editor's copy"


def find(
    folder: Path, *, recursive: bool = True, leave_out: LeaveOut = nothing, include_hidden: bool = False
) -> Iterator[Found | Skipped | Failed]:
    """Every file below `folder`, as soon as it is met: Found if it may be a picture, else Skipped with the reason.

    A picture is known by its extension, or by its first bytes where it has another one. Links are never followed.
    A folder that cannot be listed is one Failed; one to `leave_out`, or a hidden one, is one Skipped.
    """
    entries = entries_below(folder, recursive=recursive, leave_out=leave_out, include_hidden=include_hidden)
    for entry, relative in entries:
        if isinstance(entry, Failed | Skipped):
            yield entry
        else:
            yield examined(entry, relative, include_hidden=include_hidden)


def find_named(path: Path) -> Found:
    """The file that a user named: taken for a picture whatever it is called."""
    return Found(path, Path(path.name))


def count_files(
    folder: Path, *, recursive: bool = True, leave_out: LeaveOut = nothing, include_hidden: bool = False
) -> int:
    """How many results `find` will give; quick, since no file is opened."""
    entries = entries_below(folder, recursive=recursive, leave_out=leave_out, include_hidden=include_hidden)
    return sum(1 for _ in entries)


def entries_below(
    folder: Path, *, recursive: bool, leave_out: LeaveOut = nothing, include_hidden: bool = False
) -> Iterator[tuple[os.DirEntry[str] | Failed | Skipped, Path]]:
    """All that is not a folder to enter, with its path below `folder`; `folder` itself may be called as it likes.

    A folder that cannot be listed is a Failed, one that is left out a Skipped.
    """
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
                    elif recursive and (reason := why_not_entered(entry.name, include_hidden=include_hidden)):
                        yield Skipped(Path(entry.path), reason), below / entry.name
                    elif recursive:
                        stack.append((Path(entry.path), below / entry.name))
        except OSError as error:
            yield Failed(current, f"the folder cannot be listed: {error.strerror}"), below


def why_not_entered(name: str, *, include_hidden: bool) -> str:
    """Why a folder of this name is left out, empty where it is not."""
    if is_never_taken(name):
        return "pigeonhole's or another program's own folder"
    return HIDDEN_FOLDER if is_hidden_folder(name) and not include_hidden else ""


def is_passed_over(name: str, *, include_hidden: bool = False) -> bool:
    """Whether a file of this name is not even looked at."""
    return is_never_taken(name) or (is_hidden_file(name) and not include_hidden)


def examined(entry: os.DirEntry[str], relative: Path, *, include_hidden: bool = False) -> Found | Skipped | Failed:
    """What `find` says of one entry; opens the file where its name does not tell."""
    path = Path(entry.path)
    if entry.is_symlink():
        return Skipped(path, LINK)
    if not entry.is_file(follow_symlinks=False):
        return Skipped(path, "not a file")
    if is_passed_over(entry.name, include_hidden=include_hidden):
        return Skipped(path, OWN if is_never_taken(entry.name) else HIDDEN_FILE)
    try:
        if path.suffix.lower() in PICTURE_SUFFIXES or looks_like_picture(head(path, HEAD_BYTES)):
            return Found(path, relative)
    except OSError as error:
        return Failed(path, f"it cannot be opened: {error.strerror}")
    return Skipped(path, "not a picture")
