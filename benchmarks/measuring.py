"""One program as its user meets it: how long from its start to its end, and the most memory it and its children hold;
and how much processor time all that this process has started takes.

Memory is the sum of proportional set sizes (what processes share counts once), looked at several times a second. That
takes time from the program itself, so what is timed is not looked at, and the other way round.
"""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

EVERY = 0.1  # seconds between two looks at the memory


class Run(NamedTuple):
    seconds: float
    peak_mib: float  # 0 where nobody looked
    output: str


def run(command: Sequence[str], environment: Mapping[str, str], *, memory: bool = False) -> Run:
    """`command`, run to its end. Leaves the benchmark with what it said where it fails."""
    os.sync()  # what the run before has written must not be on this one's bill
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=complained, env={**os.environ, **environment}
        )
        peak = _watched(process) if memory else 0.0
        code = process.wait()
        seconds = time.perf_counter() - began
        if code != 0:
            complained.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {code}:\n{complained.read().decode()[-2000:]}")
        said.seek(0)
        return Run(seconds, peak, said.read().decode(errors="replace"))


def _watched(process: subprocess.Popen[bytes]) -> float:
    """The peak in MiB, when the process has ended."""
    peak = 0.0
    waiting = threading.Thread(target=process.wait, daemon=True)
    waiting.start()
    while waiting.is_alive():
        peak = max(peak, sum(map(_proportional_mib, family(process.pid))))
        waiting.join(EVERY)
    return peak


def family(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    try:
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:  # it has just ended
        return
    for child in children:
        yield from family(child)


def _proportional_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(text.split("\nPss:")[1].split()[0]) / 1024 if "\nPss:" in text else 0.0


class ProcessorTime:
    """Seconds that this process and all below it have worked since this was made, looked at several times a second:
    what ends between two looks is counted up to the first.
    """

    def __init__(self) -> None:
        self._at_first: dict[int, float] = {pid: _worked(pid) for pid in family(os.getpid())}
        self._at_last = dict(self._at_first)
        self._is_done = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()

    def stop(self) -> float:
        self._is_done.set()
        self._looking.join()
        return sum(self._at_last.values()) - sum(self._at_first.values())

    def _look(self) -> None:
        is_done = False
        while not is_done:
            is_done = self._is_done.wait(EVERY)
            for pid in family(os.getpid()):
                self._at_last[pid] = max(self._at_last.get(pid, 0.0), _worked(pid))


def _worked(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
