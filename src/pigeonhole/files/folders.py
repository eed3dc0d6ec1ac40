"""Folders below the output, which are real folders and no links to somewhere else."""

import errno
import stat
from pathlib import Path, PurePath

from pigeonhole.files.source import exists


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
