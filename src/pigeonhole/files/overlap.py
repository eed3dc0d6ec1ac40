"""An output inside the input would be sorted again, for ever."""

import os
from pathlib import Path

from pigeonhole.errors import UsageError
from pigeonhole.files.mounts import location
from pigeonhole.files.source import status_of
from pigeonhole.text import printable


def refuse_overlap(source: Path, out: Path) -> None:
    """Raise UsageError where `out` is `source`, lies in it or around it, through links too. `out` may not exist yet.

    Raises OSError where one of them cannot be looked at.
    """
    # By device and inode: two names of one folder (links, bind mounts, case) are still one folder.
    around_source, around_out = _upwards(source), _upwards(out)
    if around_source[0] in around_out or _lies_in(out, source):
        raise UsageError(
            f"{printable(out)} is the same folder as {printable(source)}, or lies inside it.",
            "Choose a folder outside.",
        )
    if status_of(out, follow=True) is not None and (around_out[0] in around_source or _lies_in(source, out)):
        raise UsageError(
            f"{printable(source)} lies in {printable(out)}.", "Choose an output folder that does not contain it."
        )


def _upwards(path: Path) -> list[tuple[int, int]]:
    """Which folders `path` and those above it are, as far as they exist, links resolved."""
    real = Path(os.path.realpath(path))
    found = (status_of(folder, follow=True) for folder in (real, *real.parents))
    return [(status.st_dev, status.st_ino) for status in found if status is not None]


def _lies_in(inner: Path, outer: Path) -> bool:
    """Whether a bind mount hides that `inner` lies in `outer`: a container's /out may be a folder in its /in."""
    inside, around = location(inner), location(outer)
    return bool(inside and around and inside[0] == around[0] and inside[1].is_relative_to(around[1]))
