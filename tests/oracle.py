"""What must hold after everything that can happen to a sorter: nothing lost, nothing partial, everything counted."""

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

HIDDEN = ".pigeonhole"
EMPTY = hashlib.sha256().hexdigest()


class File(NamedTuple):
    sha256: str
    mtime_ns: int


def whole(folder: Path) -> dict[str, File | str]:
    """Everything below `folder`: files with content and time, links with where they lead, folders as `/`.

    The journal's folder is left out; our hidden part files are not.
    """
    found: dict[str, File | str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.split("/", maxsplit=1)[0] == HIDDEN:
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "/"
        elif path.is_file():
            found[name] = File(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        else:
            found[name] = "special"
    return found


def contents(*folders: Path) -> Counter[str]:
    """How many files below `folders` have which content; links do not count."""
    return Counter(entry.sha256 for folder in folders for entry in whole(folder).values() if isinstance(entry, File))


def assert_nothing_lost(before: Counter[str], *folders: Path, reserved: bool = False) -> None:
    """Every content is still somewhere, and no file that a user can see holds anything else.

    `reserved`: except for an empty one, where a file system knows no other way to keep a name from others.
    """
    assert not before.keys() - contents(*folders).keys(), "a file was lost"
    for folder in folders:
        for name, entry in whole(folder).items():
            if isinstance(entry, File) and not Path(name).name.startswith(HIDDEN):
                assert entry.sha256 in before or (reserved and entry.sha256 == EMPTY), f"{name} is partial or foreign"


def assert_exactly_once(before: Counter[str], *folders: Path) -> None:
    """Every file is in one place only, and nothing else is there: no part, no duplicate."""
    assert_no_leftovers(*folders)
    assert contents(*folders) == before


def assert_no_leftovers(*folders: Path) -> None:
    for folder in folders:
        left = [name for name in whole(folder) if Path(name).name.startswith(HIDDEN)]
        assert not left, left


def assert_adds_up(summary: dict[str, Any], seen: int | None = None) -> None:
    parts = ("sorted", "unknown", "unreadable", "skipped", "failed")
    assert summary["seen"] == sum(summary[part] for part in parts), summary
    if seen is not None:
        assert summary["seen"] == seen, summary


def outcomes_of(output: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The JSON lines that a command printed: one per file, and the summary."""
    *outcomes, summary = [json.loads(line) for line in output.splitlines()]
    assert_adds_up(summary, len(outcomes))
    return outcomes, summary


def write_files(folder: Path, count: int, size: int = 2000) -> Counter[str]:
    """`count` files with other bytes and times each, some in sub-folders; returns their contents."""
    for number in range(count):
        path = folder / ("sub" if number % 3 == 0 else "") / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
        os.utime(path, ns=(10**18, 10**18 + number * 1_000_000_007))
    return contents(folder)
