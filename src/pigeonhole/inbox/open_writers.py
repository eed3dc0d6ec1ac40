"""Whether some program still has a file open for writing, as far as the system tells.

Linux grants a read lease on a file only while nobody has it open for writing, in any container. It is asked for and
given back at once. Without an answer (another system, another owner, a network's file system) a file that has been
quiet for long enough counts as complete.
"""

import errno
import fcntl
import os
import signal
from functools import lru_cache

from pigeonhole.files.mounts import mounts

# Their leases are the server's to give, and are refused for other reasons too.
_NETWORK = ("nfs", "cifs", "smb", "9p", "ceph", "afs")


def is_open_for_writing(path: str) -> bool:
    """Whether another program may still be writing to the regular file `path`; False where nobody can know."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if _is_on_network(os.fstat(descriptor).st_dev):
            return False
        # Should someone open it just now, the system tells us by a signal, which must be one that is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


@lru_cache(maxsize=64)
def _is_on_network(device: int) -> bool:
    number = f"{os.major(device)}:{os.minor(device)}"
    known = mounts()
    # btrfs gives its sub-volumes numbers that stand nowhere.
    return not known or any(mount.kind.startswith(_NETWORK) for mount in known if mount.device == number)
