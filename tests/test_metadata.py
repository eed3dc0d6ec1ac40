"""What belongs to a file besides its bytes goes with it, and nobody gets a right that they did not have."""

import errno
import os
import stat
import struct
from pathlib import Path

import pytest

from disks import needs_root, second_disk
from pigeonhole.placing import Placing, Undone, undo
from pigeonhole.sorting import SortOptions
from sorting_room import sort

ACL = "system.posix_acl_access"
# Tags of an ACL's entries, as Linux keeps them.
USER_OBJ, USER, GROUP_OBJ, MASK, OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
NOBODY_ELSE = 0xFFFFFFFF
GUEST = 4321


def acl(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


# The owner reads and writes, a guest reads and writes, the group and others nothing: the mode then shows rw for it.
FOR_A_GUEST = acl(
    (USER_OBJ, 6, NOBODY_ELSE),
    (USER, 6, GUEST),
    (GROUP_OBJ, 0, NOBODY_ELSE),
    (MASK, 6, NOBODY_ELSE),
    (OTHER, 0, NOBODY_ELSE),
)


def picture(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "a.png"
    path.write_bytes(b"a picture")
    return path


def set_attribute(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EPERM):
            pytest.skip(f"this file system keeps no {name}")
        raise


def attribute(path: Path, name: str) -> bytes:
    try:
        return os.getxattr(path, name)
    except OSError:
        return b""


def only_file(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file() and ".pigeonhole" not in path.parts)
    return path


@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
def test_an_acl_goes_with_the_file_and_opens_it_to_nobody(tmp_path: Path, placing: Placing, *, elsewhere: bool) -> None:
    with second_disk() as disk:
        source = picture(tmp_path / "in")
        source.chmod(0o600)
        set_attribute(source, ACL, FOR_A_GUEST)
        out = disk / "out" if elsewhere else tmp_path / "out"
        sort(source.parent, out, SortOptions(placing=placing))
        placed = only_file(out)
        if kept := attribute(placed, ACL):
            assert kept == FOR_A_GUEST
        else:  # the mode alone must not give the group what the ACL gave to a guest
            assert not placed.stat().st_mode & 0o077


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o777])
@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
def test_permissions_stay_on_another_disk(tmp_path: Path, placing: Placing, mode: int) -> None:
    with second_disk() as disk:
        source = picture(tmp_path / "in")
        source.chmod(mode)
        sort(source.parent, disk / "out", SortOptions(placing=placing))
        assert stat.S_IMODE(only_file(disk / "out").stat().st_mode) == mode


@needs_root
def test_a_move_to_another_disk_and_back_keeps_owner_group_times_and_attributes(tmp_path: Path) -> None:
    with second_disk() as disk:
        source = picture(tmp_path / "in")
        os.chown(source, 1234, 5678)
        source.chmod(0o640)
        os.utime(source, ns=(10**18, 10**18 + 1))
        before = source.stat()
        sort(source.parent, disk / "out", SortOptions(placing=Placing.MOVE))
        placed = only_file(disk / "out").stat()
        assert (placed.st_uid, placed.st_gid, stat.S_IMODE(placed.st_mode)) == (1234, 5678, 0o640)
        assert placed.st_mtime_ns == before.st_mtime_ns
        assert [type(result) for result in undo(disk / "out")] == [Undone]
        again = source.stat()
        assert (again.st_uid, again.st_gid, again.st_mode, again.st_mtime_ns) == (
            before.st_uid,
            before.st_gid,
            before.st_mode,
            before.st_mtime_ns,
        )


def test_a_users_attributes_go_to_another_disk(tmp_path: Path) -> None:
    with second_disk() as disk:
        (disk / "probe").touch()
        set_attribute(disk / "probe", "user.note", b"1")
        source = picture(tmp_path / "in")
        set_attribute(source, "user.note", b"summer")
        sort(source.parent, disk / "out", SortOptions(placing=Placing.MOVE))
        assert attribute(only_file(disk / "out"), "user.note") == b"summer"


@needs_root
def test_a_copy_belongs_to_whoever_makes_it(tmp_path: Path) -> None:
    source = picture(tmp_path / "in")
    os.chown(source, 1234, 5678)
    sort(source.parent, tmp_path / "out", SortOptions(placing=Placing.COPY))
    assert only_file(tmp_path / "out").stat().st_uid == os.geteuid()
    assert source.stat().st_uid == 1234
