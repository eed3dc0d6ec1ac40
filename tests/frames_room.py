"""Taking frames without a command line, and processes for it that die where a test says.

As a program it makes such processes: each line of its input is a JSON list STEP OUT FILM…, for which a child takes
frames until it kills itself at the STEP-th step. The answer is a line of JSON: whether it was killed there. A child of
the tests' own process would inherit the locks of threads that it does not have.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from pigeonhole.films.frames import FrameOptions, take_frames
from pigeonhole.output import Recorder
from pigeonhole.prepare.folder import PreparedFolder
from sorting_room import die_at

EVERY = 0.5


def take(films: list[Path], out: Path, **options: Any) -> Recorder:
    """A whole run."""
    output = Recorder()
    with PreparedFolder.open(out) as folder:
        take_frames(films, folder, FrameOptions(**options), output)
    return output


class Mortals:
    """Processes that die, one after the other."""

    def __init__(self) -> None:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def killed_at(self, step: int, out: Path, films: list[Path]) -> bool:
        """Whether a run got as far as its step number `step`, and died there."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([step, str(out), *map(str, films)]) + "\n")
        self._process.stdin.flush()
        return bool(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=30)


def main() -> None:
    for line in sys.stdin:
        step, out, *films = json.loads(line)
        child = os.fork()
        if child == 0:
            die_at(step, lambda name: None)
            take([Path(film) for film in films], Path(out), every=EVERY)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code not in (0, -signal.SIGKILL):
            raise SystemExit(code)
        sys.stdout.write(json.dumps(code != 0) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
