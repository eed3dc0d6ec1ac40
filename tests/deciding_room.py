"""Decisions in processes that die at a given step; as a program, it forks one for each line of standard input.

A line holds [step, "decide" or "undo", TF_FILES, OUT], where step counts the calls of the failpoint from 1.
"""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.pictures import pictures_in
from pigeonhole.workspace import Workspace
from sorting_room import die_at

ANSWERS = ("others", "green_things", None)  # of the pictures in the order of their names


def decide(desk: Desk, out: Path) -> None:
    """A picture is moved to another category, one was right, and one is set aside."""
    pictures = sorted(pictures_in(out), key=lambda picture: picture.path)
    for picture, answer in zip(pictures, ANSWERS, strict=True):
        desk.decide([(picture, answer)])


def undo(desk: Desk) -> None:
    while desk.undo():
        pass


class MortalDesks:
    """Processes that die, one after the other."""

    def __init__(self) -> None:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def killed_at(self, step: int, action: str, tf_files: Path, out: Path) -> str | None:
        """The name of the step at which one died, None if it came through."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([step, action, str(tf_files), str(out)]) + "\n")
        self._process.stdin.flush()
        name: str | None = json.loads(self._process.stdout.readline())
        return name

    def close(self) -> None:
        self._process.communicate(timeout=60)


def _live(step: int, writer: int, action: str, tf_files: str, out: str) -> None:
    die_at(step, partial(_tell, writer))
    desk = Desk(Workspace(Path(tf_files)), [Path(out)])
    if action == "decide":
        decide(desk, Path(out))
    else:
        undo(desk)
    desk.settle()
    desk.close()


def _tell(writer: int, step: str) -> None:
    os.write(writer, step.encode())


def main() -> None:
    for line in sys.stdin:
        step, action, tf_files, out = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _live(step, writer, action, tf_files, out)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            name = pipe.read()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        answer = name if code == -signal.SIGKILL else None if code == 0 else f"exit {code}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
