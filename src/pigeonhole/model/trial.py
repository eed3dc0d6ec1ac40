"""A model file from a stranger is tried out before the first picture, by a process that may die of it."""

import os
import signal
import subprocess
import sys
from typing import Literal

from pigeonhole.errors import ModelError
from pigeonhole.model.known_good import is_known_good, remember_as_good

MEMORY = 2 * 1024**3  # bytes, and FILES times the size of the file: onnxruntime holds its weights more than once
FILES = 4
SECONDS = {"answers": 60, "features": 600}  # of processor time, for opening the file and for five pictures
PATIENCE = 600.0  # seconds of waiting for that, on a machine however busy
_START = "import sys; sys.path[:] = sys.argv[4:]; from pigeonhole.model.trial_run import main; "
_START += "main(sys.argv[1], *map(int, sys.argv[2:4]))"


def try_out(
    onnx: bytes, what: Literal["answers", "features"] = "answers", *, memory: int = MEMORY, seconds: int | None = None
) -> None:
    """Raise ModelError where the model file `onnx` cannot be opened, or does not answer one picture and four pictures
    as its description says, within `memory` bytes (and some more for a large file) and `seconds` of processor time.

    `what` it gives: answers, or features, which is a backbone that was exported here and kept.

    Each file is tried once for each user and version: what was found is kept in the user's cache, by its digest.
    """
    if is_known_good(onnx, what):
        return
    seconds = seconds or SECONDS[what]
    path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109
    limits = what, str(memory + FILES * len(onnx)), str(seconds)
    try:
        result = subprocess.run(
            [sys.executable, "-I", "-c", _START, *limits, *path],
            input=onnx,
            capture_output=True,
            process_group=0,  # Ctrl-C in a terminal is for us, who end it
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"trying it out takes longer than {PATIENCE:g} seconds.") from None
    except OSError as error:
        raise ModelError(f"it cannot be tried out: {error.strerror}.", "Close other programs and try again.") from None
    problem = result.stdout.decode(errors="replace")
    if result.returncode == 0 and not problem:
        remember_as_good(onnx, what)
    elif result.returncode == 0:
        raise ModelError(problem)
    else:
        raise ModelError(_cause(result.returncode, seconds))


def _cause(status: int, seconds: int) -> str:
    """Why the process has ended with `status`, as Popen tells it."""
    if status == -signal.SIGXCPU:
        return f"trying it out takes more than {seconds} seconds of processor time."
    if status == -signal.SIGKILL:
        return "trying it out takes more memory than there is."
    return "onnxruntime crashes when it is tried out."
