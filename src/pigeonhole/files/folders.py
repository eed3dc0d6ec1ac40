"""Folders below the output, which are real folders and no links to somewhere else."""

import errno
import stat
from pathlib import Path, PurePath

from pigeonhole import own_names
from pigeonhole.files.source import exists
from pigeonhole.text import printable


def below_output(path: PurePath) -> PurePath:
    """`path`, which a file on the disk says stands below an output. Raises ValueError where it would lead out of it,
    or into what is ours there.
    """
    if path.is_absolute() or not path.parts or ".." in path.parts or path.parts[0] == own_names.FOLDER:
        raise ValueError(f"it speaks of a place outside the folder: {printable(str(path))}")
    return path


def leads_through_link(root: Path, folder: PurePath) -> bool:
    """Whether one of the folders on the way from `root` down to `folder` (relative) is a link to somewhere else."""
    return any((root / part).is_symlink() for part in [*reversed(folder.parents), folder][1:])


def missing_folders(root: Path, folder: PurePath) -> list[PurePath]:
    """Which of the folders on the way from `root` down to `folder` (relative) are not there yet, the outer first."""
    way = [*reversed(folder.parents), folder][1:]
    return [part for part in way if not exists(root / part)]


def make_folders(root: Path, folder: PurePath) -> None:
    """Make `folder` (relative) below `root`. Raises NotADirectoryError where a link or a file stands in its way."""
    for part in [*reversed(folder.parents), folder][1:]:
        path = root / part
        try:
            path.mkdir()
        except FileExistsError:
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "a link or a file stands where a folder should be") from None
