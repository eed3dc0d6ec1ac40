"""Processes that die at a given step, one after the other.

They are children of a program that calls `serve`: a child of the tests' own process would inherit the locks of threads
that it does not have. Each line of the program's input is a JSON list STEP ARGUMENT…, and the answer to it a line of
JSON: the name of the step at which the child died, null if it came through, "exit CODE" if it failed.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pigeonhole import failpoints


class Mortals:
    """The children of the Python file `program`."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, program]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def killed_at(self, step: int, *arguments: str | Path) -> str | None:
        """The name of the step, counted from 1, at which one died; None if it came through."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([step, *map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        name: str | None = json.loads(self._process.stdout.readline())
        return name

    def close(self) -> None:
        self._process.communicate(timeout=300)


def serve(live: Callable[..., None]) -> None:
    """Fork a child for each line, which calls `live` with the arguments in it and dies on its way."""
    for line in sys.stdin:
        step, *arguments = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            die_at(step, writer)
            live(*arguments)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            name = pipe.read()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        answer = name if code == -signal.SIGKILL else None if code == 0 else f"exit {code}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def die_at(number: int, writer: int) -> None:
    """kill -9 of this very process at the step `number`, counted from 1, whose name is written to `writer`."""
    count = 0

    def reached(name: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            os.write(writer, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.failpoint = reached
