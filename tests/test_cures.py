"""What cannot be written: what helps depends on why; a cache is deleted only where that helps."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands import called
from disks import mounted, needs_root, read_only
from pigeonhole.errors import not_written
from pigeonhole.sqlite_errors import DELETE, cache_trouble
from scenes import drawn


def whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE looks (vector BLOB)")
        connection.commit()


def trouble_of(path: Path, statements: str, *, uri: str = "") -> str:
    """What is told when `statements` fail."""
    with closing(sqlite3.connect(f"file:{path}{uri}", uri=True, timeout=0)) as connection:
        with pytest.raises(sqlite3.Error) as raised:
            connection.executescript(statements)
        return str(cache_trouble(path, raised.value))


def test_each_trouble_has_its_own_cure(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    whole(path)
    write = "INSERT INTO looks VALUES (zeroblob(1000000))"
    assert "Make room on its disk" in trouble_of(path, f"PRAGMA max_page_count = 2; {write}")
    assert "Check its permissions" in trouble_of(path, write, uri="?mode=ro")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "Another command uses it" in trouble_of(path, write)
    path.write_bytes(b"no database" * 1000)
    assert DELETE in trouble_of(path, write)


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "Make room or choose another folder"),
        (errno.EDQUOT, "Make room or choose another folder"),
        (errno.EACCES, "Check the permissions or choose another folder"),
        (errno.EROFS, "Choose another folder"),
        (errno.EIO, "Check the disk or choose another folder"),
    ],
)
def test_nobody_is_told_to_make_room_where_that_does_not_help(number: int, cure: str) -> None:
    said = str(not_written("OUT", OSError(number, os.strerror(number))))
    assert said == f"OUT cannot be written: {os.strerror(number)}. {cure}; no picture was lost."


@needs_root
def test_an_output_that_can_only_be_read_is_no_full_disk(tf_files: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    with read_only(tmp_path / "out"):
        result = called("guess-dir", tf_files, tmp_path / "in", tmp_path / "out")
    assert result.returncode == 5
    assert "cannot be written" in result.stderr
    assert "room" not in result.stderr


@needs_root
def test_a_full_disk_is_no_reason_to_delete_the_cache(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=200k") as disk:
        for category, first in (("wide", 0), ("tall", 100)):
            drawn(tmp_path / "data" / category, range(first, first + 20), (160, 100))
        (disk / "data").symlink_to(tmp_path / "data")
        result = called("train", disk, "--backbone", "builtin")

        assert result.returncode == 5
        assert "database or disk is full" in result.stderr
        assert "Make room on its disk" in result.stderr
        assert "Delete" not in result.stderr
