"""Another command of pigeonhole, run for a page: training and checking are those of the command line, to the letter."""

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence

KEPT = 200  # lines of what it says
DONE, INTERRUPTED = 0, 130


class Command:
    """One run at a time; threads may share it."""

    def __init__(self, arguments: Sequence[str], ended: Callable[[], None]) -> None:
        """`ended` is called after each run, whatever came of it."""
        self._arguments = tuple(arguments)
        self._ended = ended
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._threads: list[threading.Thread] = []
        self.said: deque[str] = deque(maxlen=KEPT)  # for people, on standard error
        self.answers: list[str] = []  # lines of standard output
        self.code: int | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self.code is None

    def start(self) -> None:
        """Does nothing where it is running already."""
        with self._lock:
            if self.is_running:
                return
            self.code, self.answers = None, []
            self.said.clear()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pigeonhole", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="backslashreplace",
                env={**os.environ, "PIGEONHOLE_OFFLINE": "1", "NO_COLOR": "1"},  # the page asks nobody for anything
            )
            thread = threading.Thread(target=self._follow, args=(self._process,), daemon=True)
            thread.start()

    def close(self) -> None:
        """End it as Ctrl-C does: what it had before stays."""
        process = self._process
        if process is not None and self.code is None:
            process.terminate()
            process.wait()

    def _follow(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with both
        assert process.stderr is not None  # noqa: S101
        listener = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
        listener.start()
        for line in process.stdout:
            self.answers.append(line.rstrip("\n"))
        listener.join()
        code = process.wait()
        process.stdout.close()
        process.stderr.close()
        self._ended()
        self.code = code

    def _listen(self, stream: "subprocess._TextIOBase") -> None:  # type: ignore[name-defined]
        for line in stream:
            if line.strip():
                self.said.append(line.rstrip())
