"""Where this user's programs keep what they can make again: files here were written by nobody else."""

import os
import stat
from contextlib import suppress
from pathlib import Path


def user_cache() -> Path:
    """The folder of ours below $XDG_CACHE_HOME or ~/.cache. It need not exist. Raises RuntimeError without a home."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pigeonhole"


def leave_note(kind: str, name: str) -> None:
    """Remember `name`, a plain file name. Where nothing can be written (in a container, say) it is forgotten."""
    with suppress(OSError, RuntimeError):
        folder = user_cache() / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours_alone(folder):
            (folder / name).touch(mode=0o600)


def has_note(kind: str, name: str) -> bool:
    """Whether this user's programs have remembered `name`. What others could have written is not believed."""
    try:
        folder = user_cache() / kind
        return _is_ours_alone(folder) and stat.S_ISREG((folder / name).lstat().st_mode)
    except (OSError, RuntimeError):
        return False


def _is_ours_alone(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
