"""What belongs to a file besides its bytes: times, permissions, ACL, extended attributes, owner.

Kept where the file system and our rights allow it; nobody ever gets a right that they did not have.
"""

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pigeonhole.files.source import OpenFile

# Linux keeps an ACL as an extended attribute: a version, then entries of tag, permissions (rwx as in a mode) and id.
ACL = "system.posix_acl_access"
_USERS_OWN = "user."
_HEADER = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")
_GROUP_OBJ, _MASK, _OTHER = 0x04, 0x10, 0x20
# What a file system answers that does not keep such a thing, and one on which we may not set it.
_CANNOT_KEEP = frozenset(
    (
        *(errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODATA),
        *(errno.ERANGE, errno.E2BIG, errno.EOVERFLOW, errno.ENOSPC, errno.ENOTTY),
    )
)


def keep_metadata(source: OpenFile, descriptor: int, *, with_owner: bool) -> None:
    """Give the new file `descriptor`, which is ours alone, what belongs to `source`.

    `with_owner` for a file that moves; a copy belongs to whoever makes it. Raises OSError where the disk fails.
    """
    if with_owner:
        _keep_owner(source, descriptor)
    for name, value in _attributes(source.descriptor):
        with _where_it_can_be_kept():
            os.setxattr(descriptor, name, value)
    _keep_permissions(source, descriptor, with_owner=with_owner)
    with _where_it_can_be_kept():
        os.utime(descriptor, ns=(source.status.st_atime_ns, source.status.st_mtime_ns))


def _keep_owner(source: OpenFile, descriptor: int) -> None:
    own = os.fstat(descriptor)
    wanted = source.status.st_uid, source.status.st_gid
    if (own.st_uid, own.st_gid) == wanted:
        return
    with _where_it_can_be_kept():
        os.fchown(descriptor, *wanted)
        return
    with _where_it_can_be_kept():  # only root gives files away, but to a group that one is in anybody may
        os.fchown(descriptor, -1, source.status.st_gid)


def _keep_permissions(source: OpenFile, descriptor: int, *, with_owner: bool) -> None:
    mode = source.status.st_mode & 0o777
    acl = _acl(source.descriptor)
    if acl:
        # With an ACL the mode's group part is the most that anybody named in it may have, not what the group has.
        mode = mode & ~0o070 | _rights(acl, _GROUP_OBJ) << 3
    is_others = with_owner and os.fstat(descriptor).st_gid != source.status.st_gid
    if is_others:  # its group is another one, which never had more than everybody
        mode &= ~0o070 | (mode & 0o007) << 3
    elif acl:
        with _where_it_can_be_kept():
            os.setxattr(descriptor, ACL, acl)
            return  # that has set the mode, too
    with _where_it_can_be_kept():
        os.fchmod(descriptor, mode)


def _attributes(descriptor: int) -> Iterator[tuple[str, bytes]]:
    """The attributes that users and their programs set; those of the system are its own business."""
    names: list[str] = []
    if hasattr(os, "listxattr"):
        with _where_it_can_be_kept():
            names = os.listxattr(descriptor)
    for name in names:
        if name.startswith(_USERS_OWN):
            with _where_it_can_be_kept():
                yield name, os.getxattr(descriptor, name)


def _acl(descriptor: int) -> bytes:
    """The file's ACL where it says more than its mode, else nothing."""
    if hasattr(os, "getxattr"):
        with _where_it_can_be_kept():
            return os.getxattr(descriptor, ACL)
    return b""


def _rights(acl: bytes, tag: int) -> int:
    """What the ACL really gives to the owning group or to others: 0 to 7."""
    rights: dict[int, int] = {tag_: rights for tag_, rights, _ in _ENTRY.iter_unpack(acl[_HEADER.size :])}
    return rights.get(tag, 0) & (7 if tag == _OTHER else rights.get(_MASK, 7))


@contextmanager
def _where_it_can_be_kept() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _CANNOT_KEEP:
            raise
