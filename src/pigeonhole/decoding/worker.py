"""A decoder process: takes paths, writes pixels into shared memory, and may die of any picture.

It imports no more than numpy, Pillow and what reads a file, so that it starts in a tenth of a second.
"""

import fcntl
import mmap
import os
import resource
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pigeonhole.decoding.face import face_search
from pigeonhole.decoding.protocol import Answer, Orders, Phase, Settings
from pigeonhole.errors import UnreadableError
from pigeonhole.files.read import digest, read
from pigeonhole.formats.complete import has_end
from pigeonhole.records import FaceSearch

PAGE = 4096  # the phase lives in the first page of the shared memory, the pixels behind it

Turn = AbstractContextManager[object]
# Where a face was found, it is told its box as well.
Decode = Callable[[bytes, Settings, Turn], NDArray[np.uint8]]
# Where squares have the size 0: also told the picture's path below its folder, it answers through the connection.
Make = Callable[[bytes, Settings, Turn, PurePath], object]


def serve(connection_descriptor: int, memory_descriptor: int, lock_descriptor: int) -> None:
    """Answer every (path, relative path, slot, known face) with an Answer, until the other side hangs up.

    Orders come first, and others may follow.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pool, which hangs up
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)  # kills, also while a decoder written in C never comes back
    connection = Connection(connection_descriptor)
    with suppress(EOFError, ConnectionError):  # the pool is gone
        orders: Orders = connection.recv()
        worker = _Worker(memory_descriptor, lock_descriptor, orders)
        _bound(orders.limits.memory)
        connection.send(Answer("ready"))
        _silence()
        while True:
            message = connection.recv()
            if isinstance(message, Orders):
                worker.close()
                worker = _Worker(memory_descriptor, lock_descriptor, message)
                continue
            answer = worker.answer(*message)
            worker.enter(Phase.IDLE)  # not where an error passes: the phase tells what the worker has died of
            connection.send(answer)
    os._exit(0)


class _Worker:
    def __init__(self, memory_descriptor: int, lock_descriptor: int, orders: Orders) -> None:
        self._memory = mmap.mmap(memory_descriptor, 0)
        self._settings = orders.settings
        self._limits = orders.limits
        self._function: Any = _named(orders.decoder)
        self._animeface = orders.animeface
        self._large_turn = _Turn(lock_descriptor, self)

    def close(self) -> None:
        """Let go of the shared memory."""
        self._memory.close()

    def answer(self, path: str, relative: str, slot: int, face: FaceSearch | None) -> Answer:
        self.enter(Phase.READING)
        identity, sha256 = None, None
        try:
            data, identity = read(Path(path))
            sha256 = digest(data)
            self.enter(Phase.DECODING)
            if not self._settings.size:
                made = self._function(data, self._settings, self._large_turn, PurePath(relative))
                return Answer("made", "", identity, sha256, made)
            face = face_search(data, self._settings, face, self._animeface, self._large_turn)
            part = (face.box,) if face and face.box else ()
            pixels = self._function(data, self._settings, self._large_turn, *part).tobytes()
        except UnreadableError as error:
            return Answer("unreadable", str(error), identity, sha256)
        except MemoryError:
            reason = f"it needs more than {self._limits.memory // 1024**2} MiB of memory"
            return Answer("unreadable", reason, identity, sha256)
        except OSError as error:
            return Answer("failed", error.strerror or type(error).__name__)
        start = PAGE + slot * len(pixels)
        self._memory[start : start + len(pixels)] = pixels
        return Answer("pixels", "", identity, sha256, has_end=has_end(data), face=face)

    def enter(self, phase: Phase) -> None:
        # The timers are the kernel's: they kill a decoder that hangs, also when the pool itself has been killed.
        signal.setitimer(signal.ITIMER_REAL, 0 if phase in (Phase.IDLE, Phase.WAITING) else self._limits.patience)
        if phase is not Phase.WAITING:  # what was spent before a large picture's turn counts, and is little
            signal.setitimer(signal.ITIMER_PROF, self._limits.seconds if phase is Phase.DECODING else 0)
        self._memory[0] = phase


class _Turn:
    """A large picture waits for its turn among all processes. A record lock ends with the process that holds it."""

    def __init__(self, lock_descriptor: int, worker: _Worker) -> None:
        self._lock_descriptor = lock_descriptor
        self._worker = worker

    def __enter__(self) -> None:
        self._worker.enter(Phase.WAITING)
        fcntl.lockf(self._lock_descriptor, fcntl.LOCK_EX)
        self._worker.enter(Phase.DECODING)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.lockf(self._lock_descriptor, fcntl.LOCK_UN)


def _named(decoder: str) -> Decode | Make:
    """The function that "package.module:name" names."""
    module, name = decoder.split(":")
    function: Decode | Make = getattr(import_module(module), name)
    return function


def _bound(memory: int) -> None:
    """No more than `memory` bytes for this process, and the first to go when the machine itself has none left."""
    # RLIMIT_DATA, not RLIMIT_AS: libraries reserve address space in gigabytes that they never touch.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _silence() -> None:
    """What decoders print speaks to developers; until here an error in starting up could be seen."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
