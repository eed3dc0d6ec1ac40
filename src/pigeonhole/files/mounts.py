"""Where a folder really lies: bind mounts, as containers are made of, give one folder several paths."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_MOUNTS = Path("/proc/self/mountinfo")


class Mount(NamedTuple):
    """`device` as major:minor, `root` is which folder of that file system is mounted at `point`, `kind` as ext4."""

    device: str
    root: PurePosixPath
    point: PurePosixPath
    kind: str


def mounts() -> list[Mount]:
    """All mounts that this process sees, later ones over earlier ones; none where the system does not tell."""
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, _, device, root, point, *rest = line.split(" ")
        found.append(Mount(device, _unescaped(root), _unescaped(point), rest[rest.index("-") + 1]))
    return found


def location(path: Path) -> tuple[str, PurePosixPath] | None:
    """The file system that `path` lies on and its path in there, the same for every mount; None where nobody knows."""
    real = PurePosixPath(os.path.realpath(path))
    around = [mount for mount in mounts() if real.is_relative_to(mount.point)]
    if not around:
        return None
    deepest = max(len(mount.point.parts) for mount in around)
    mount = [mount for mount in around if len(mount.point.parts) == deepest][-1]
    return mount.device, mount.root / real.relative_to(mount.point)


def _unescaped(name: str) -> PurePosixPath:
    r"""A space stands as \040 there."""
    return PurePosixPath(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), name))
