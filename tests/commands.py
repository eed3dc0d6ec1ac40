"""The command line as users meet it: a process of its own."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from pigeonhole.cli import run

Argument = str | Path
PROGRAM = ("-m", "pigeonhole")
TIMEOUT = 300  # seconds, for what hangs


class Measured(NamedTuple):
    returncode: int
    peak_bytes: int


def pigeonhole(
    *arguments: Argument,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    program: tuple[str, ...] = PROGRAM,
) -> subprocess.CompletedProcess[str]:
    """`pigeonhole` with `arguments`, finished. No traceback may ever reach a user, so none is tolerated here."""
    result = subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
        check=False,
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result


def called(*arguments: Argument) -> subprocess.CompletedProcess[str]:
    """The same inside this process, for tests that set what it finds: no speed that is measured may decide them."""
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()) as stderr:
        code = run([str(argument) for argument in arguments])
    return subprocess.CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())


def measured(*arguments: Argument) -> Measured:
    """The same, with the most memory that the process ever held.

    Started by a small process, since Linux counts what a process was before it became another program.
    """
    script = (
        "import resource, subprocess, sys\n"
        "result = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(result.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", script, sys.executable, *PROGRAM, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    code, kilobytes = map(int, result.stdout.split())
    return Measured(code, kilobytes * 1024)


def imported_by(*arguments: Argument) -> set[str]:
    """The top-level modules that are loaded when `pigeonhole` with `arguments` has finished."""
    script = (
        "import sys\n"
        "from pigeonhole.cli import run\n"
        f"code = run({[str(argument) for argument in arguments]!r})\n"
        "print('LOADED', code, *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    _, code, *names = next(line for line in result.stdout.splitlines() if line.startswith("LOADED")).split()
    assert code == "0", result.stderr
    return set(names)
