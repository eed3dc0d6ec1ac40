"""An output inside the input would be sorted again, for ever."""

from pathlib import Path

from pigeonhole.errors import UsageError
from pigeonhole.text import printable


def refuse_overlap(source: Path, out: Path) -> None:
    """Raise UsageError where `out` is `source`, lies in it or around it, through links too. `out` may not exist yet."""
    # By device and inode: two names of one folder (links, bind mounts, case) are still one folder.
    if _identity(source) in map(_identity, _upwards(out)):
        raise UsageError(f"{printable(out)} is {printable(source)} itself or lies in it.", "Choose a folder outside.")
    if out.exists() and _identity(out) in map(_identity, _upwards(source)):
        raise UsageError(
            f"{printable(source)} lies in {printable(out)}.", "Choose an output folder that does not contain it."
        )


def _upwards(path: Path) -> list[Path]:
    """`path` with links resolved and every folder above it, as far as they exist."""
    real = path.resolve()
    return [folder for folder in (real, *real.parents) if folder.exists()]


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
