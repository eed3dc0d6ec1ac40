"""The pool's end of one decoder process: jobs go in, answers come out in the same order, pixels by shared memory."""

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.decoding.item import Decoded, Made, Problem
from pigeonhole.decoding.protocol import Answer, Limits, Orders, Phase, Settings
from pigeonhole.decoding.worker import PAGE
from pigeonhole.records import Failed, Found, Unreadable

# Started by hand, not by multiprocessing, which would run the user's main module again in every worker.
_START = "import sys; sys.path[:] = sys.argv[4:]; from pigeonhole.decoding.worker import serve; "
_START += "serve(*map(int, sys.argv[1:4]))"
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Otherwise glibc gives a picture's memory back after each and takes it anew: a third of the time, in page faults.
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2),
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
}
STARTING_SECONDS = 60.0
GRACE_SECONDS = 5.0  # what the worker's own alarm cannot kill is given up so much later


@dataclass(slots=True)
class Job:
    """A file on its way. `result` is there when it has been decoded or given up; `kills` counts lost workers."""

    found: Found
    result: Decoded | Made | Problem | None = None
    kills: int = 0


class Blame(NamedTuple):
    """What the end of a worker means for its first job; where that `is_certain`, another try would end the same way."""

    problem: Problem
    is_certain: bool


class DecoderProcess:
    """One worker. `depth` is how many jobs it may hold, the one in hand included.

    It starts at once, while the model is still being loaded, and can be given jobs after `prepare`.
    """

    def __init__(self, limits: Limits, decoder: str, depth: int, lock_descriptor: int) -> None:
        self.jobs: deque[Job] = deque()
        self.ready = False
        self._limits = limits
        self._decoder = decoder
        self._depth = depth
        self._side = 0
        self._is_prepared = False
        self._slots_given = self._slots_taken = 0
        self._since = time.monotonic()
        self._memory_descriptor = shared_file(PAGE)
        self._memory = mmap.mmap(self._memory_descriptor, 0)
        self.connection, theirs = Pipe()
        descriptors = theirs.fileno(), self._memory_descriptor, lock_descriptor
        path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, *map(str, descriptors), *path],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C in a terminal goes to a whole group; these end when the pool hangs up
                env={**os.environ, **_ENVIRONMENT},
            )
        except OSError:
            self._let_go()
            raise
        finally:
            theirs.close()

    def prepare(self, settings: Settings, animeface: Path | None) -> None:
        """Say what the pictures are decoded to, which decides how large the shared memory is, and what finds faces.

        It can be said again while it has no jobs.
        """
        self._side = settings.size
        self._is_prepared = True
        self._since = time.monotonic()
        self._memory.close()
        os.ftruncate(self._memory_descriptor, PAGE + self._depth * self._side**2 * 3)
        self._memory = mmap.mmap(self._memory_descriptor, 0)
        with suppress(OSError):
            self.connection.send(Orders(settings, self._limits, self._decoder, animeface))

    @property
    def room(self) -> int:
        """How many more jobs it may be given."""
        return self._depth - len(self.jobs)

    def give(self, job: Job) -> None:
        if not self.jobs:
            self._since = time.monotonic()
        self.jobs.append(job)
        with suppress(OSError):  # it has just died, which `receive` will find out
            found = job.found
            self.connection.send((str(found.path), str(found.relative), self._slots_given % self._depth, found.face))
        self._slots_given += 1

    def receive(self) -> None:
        """Take one answer, for which its first job has waited. Raises EOFError or OSError when the worker is dead."""
        answer: Answer = self.connection.recv()
        self._since = time.monotonic()
        if answer.kind == "ready":
            self.ready = True
            return
        slot = self._slots_taken % self._depth
        self._slots_taken += 1
        job = self.jobs.popleft()
        path = job.found.path
        if answer.kind == "pixels" and answer.identity and answer.sha256:
            pixels = self._pixels(slot)
            job.result = Decoded(job.found, answer.identity, answer.sha256, pixels, answer.has_end, answer.face)
        elif answer.kind == "made" and answer.identity and answer.sha256:
            job.result = Made(job.found, answer.identity, answer.sha256, answer.value)
        elif answer.kind == "unreadable":
            job.result = Unreadable(path, answer.reason, answer.identity, answer.sha256)
        else:
            job.result = Failed(path, f"it cannot be read: {answer.reason}", transient=True)

    def deadline(self) -> float | None:
        """The monotonic time at which it is given up, None while it has nothing to do or waits for its turn."""
        if not self.ready:
            return self._since + STARTING_SECONDS if self._is_prepared else None
        if not self.jobs:
            return None
        if self._phase is Phase.WAITING:
            self._since = time.monotonic()  # the turn of the one it waits for is limited itself
        return self._since + self._limits.patience + GRACE_SECONDS

    def end(self) -> Blame | None:
        """Kill it. The result is what this means for its first job, None where that cannot be at fault."""
        phase = self._phase
        late = time.monotonic() >= self._since + self._limits.patience
        if not late:  # it has hung up and is about to be gone; how it goes tells why
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
        self.close()
        if not self.jobs or not self.ready:
            return None
        path, status = self.jobs[0].found.path, self._process.returncode
        late = status == -signal.SIGALRM or (late and status in (None, -signal.SIGKILL))
        if phase is Phase.READING:
            slow = f"reading it takes longer than {self._limits.patience:g} seconds"
            killed = "the decoder was killed while it read the file"
            return Blame(Failed(path, slow if late else killed, transient=True), is_certain=False)
        if status == -signal.SIGPROF:
            slow = f"decoding it takes longer than {self._limits.seconds:g} seconds"
            return Blame(Unreadable(path, slow), is_certain=True)
        if late:
            slow = f"decoding it takes longer than {self._limits.patience:g} seconds"
            return Blame(Unreadable(path, slow), is_certain=False)
        return Blame(Unreadable(path, _cause(status)), is_certain=False)

    def close(self) -> None:
        """Kill it and let go of everything; one that cannot be killed (a share that hangs) is not waited for."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._let_go()

    def _let_go(self) -> None:
        self.connection.close()
        self._memory.close()
        os.close(self._memory_descriptor)

    def _pixels(self, slot: int) -> NDArray[np.uint8]:
        count = self._side**2 * 3
        pixels = np.frombuffer(self._memory, np.uint8, count, PAGE + slot * count)
        return pixels.reshape(self._side, self._side, 3).copy()  # the slot is used again

    @property
    def _phase(self) -> Phase:
        return Phase(self._memory[0])


def shared_file(size: int) -> int:
    """A descriptor of `size` bytes of memory that other processes can map."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pigeonhole")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def _cause(status: int | None) -> str:
    if status == -signal.SIGKILL:
        return "the system killed the decoder twice, probably because the picture needs too much memory"
    if status is not None and status < 0:
        return f"it crashes the decoder ({signal.Signals(-status).name})"
    return f"it crashes the decoder (exit code {status})"
