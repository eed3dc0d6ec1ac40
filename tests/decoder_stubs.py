"""A decoder that does what the file says: decoder processes are started with it, to see what they survive."""

import ctypes
import os
import signal
import time
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import UnreadableError
from pigeonhole.images import Preprocessing

ONCE = b"die once beside "
ASLEEP = "DECODER_ASLEEP"  # in the environment: the file to make when one goes to sleep


def maker(data: bytes, _: object, __: object, relative: PurePath) -> tuple[str, int]:
    """The relative path and how long the file is, unless the file says otherwise."""
    obedient(data, Preprocessing(size=1))
    return str(relative), len(data)


def obedient(data: bytes, preprocessing: Preprocessing, _: object = None) -> NDArray[np.uint8]:
    """A square of the one colour that the file's last byte names, unless the file says otherwise."""
    match data:
        case b"sleep":
            _fall_asleep()
            time.sleep(600)
        case b"hang":
            _fall_asleep()
            ctypes.PyDLL(None).sleep(600)  # as a decoder in C does, holding Python's lock
        case b"spin":
            while True:
                pass
        case b"kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"crash":
            ctypes.string_at(0)
        case b"exit":
            os._exit(3)
        case b"hoard":
            _hoard()
        case b"refuse":
            raise UnreadableError("it is not a picture")
        case b"bug":
            raise ValueError("this should not happen")
        case bytes() if data.startswith(ONCE):
            _die_once(Path(os.fsdecode(data.removeprefix(ONCE))))
    return np.full((preprocessing.size, preprocessing.size, 3), data[-1], np.uint8)


def sleeping(data: bytes, preprocessing: Preprocessing, _: object = None) -> NDArray[np.uint8]:
    """Never comes back."""
    return obedient(b"sleep", preprocessing)


def _fall_asleep() -> None:
    if path := os.environ.get(ASLEEP):
        Path(path).touch()


def _hoard() -> None:
    hoard = []
    while True:
        hoard.append(b"\1" * 16 * 1024**2)


def _die_once(mark: Path) -> None:
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
