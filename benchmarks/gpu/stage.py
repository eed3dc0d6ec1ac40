"""What all stages share: how large they are, where things lie, and where their figures go."""

import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import corpus as corpora
from corpus import Corpus, Kind

SMALL = bool(os.environ.get("SMALL"))
OUT = Path(os.environ.get("OUT_FOLDER", "gpu-results"))
UNPACKED = Path(os.environ.get("UNPACKED", "/tmp/pigeonhole-gpu"))  # noqa: S108
DEVICE = "cpu" if SMALL else "cuda"

#: Kinds of pictures of one size each, and how many of them.
KINDS = {
    "0.2 megapixels": (Kind("0.2", 0.2, 0.0, 0.2, 0.2), 40 if SMALL else 6000),
    "2 megapixels": (Kind("2", 2.0, 0.0, 2.0, 2.0, 0.05), 12 if SMALL else 2000),
    "12 megapixels": (Kind("12", 12.0, 0.0, 12.0, 12.0, 0.0), 4 if SMALL else 300),
}
GPU_ON: dict[str, str] = {}
GPU_OFF = {"CUDA_VISIBLE_DEVICES": ""}


def work() -> Path:
    """A folder for pictures, in memory where there is room for them."""
    if named := os.environ.get("WORK"):
        folder = Path(named)
    else:
        memory = Path("/dev/shm")  # noqa: S108
        roomy = memory.is_dir() and shutil.disk_usage(memory).free > 8 * 2**30
        folder = (memory if roomy else Path("/tmp")) / f"pigeonhole-benchmark{'-small' * SMALL}"  # noqa: S108
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pictures(name: str) -> Corpus:
    """The pictures of a kind in KINDS, made where they are missing."""
    kind, count = KINDS[name]
    return corpora.make(work(), kind, count, seed=3)


def tf_files() -> Path:
    """The folder with the model that was unpacked; without one, made with the built-in backbone."""
    packed = UNPACKED / "data"
    if (packed / "model.onnx").exists() and not SMALL:
        return packed
    from prepared import our_builtin

    made = our_builtin(work()).ours
    if made is None:
        raise TypeError("that contender is none of ours")
    return made


def run(command: list[str], environment: dict[str, str] | None = None, seconds: float = 100.0) -> tuple[int, str, str]:
    """Exit code, output and errors of a command; 127 where there is no such program, -9 where it took too long."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
    except FileNotFoundError as error:
        return 127, "", str(error)
    except subprocess.TimeoutExpired as late:
        return -9, str(late.stdout), f"{late.stderr} … took longer than {seconds} s"
    return done.returncode, done.stdout, done.stderr


def guess_dir(
    source: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    before: tuple[str, ...] = (),
    program: tuple[str, ...] = ("-m", "pigeonhole"),
) -> dict[str, Any]:
    """What `pigeonhole guess-dir` says in its last line, with `notes` beside it. RuntimeError where it fails."""
    out = work() / "sorted"
    shutil.rmtree(out, ignore_errors=True)
    command = [
        *before,
        sys.executable,
        *program,
        "guess-dir",
        str(tf_files()),
        str(source),
        str(out),
        "--json",
    ]
    code, said, complained = run([*command, *options], environment)
    shutil.rmtree(out, ignore_errors=True)
    if code:
        raise RuntimeError(f"guess-dir ended with {code}: {complained[-3000:]}")
    lines = [json.loads(line) for line in said.splitlines()]
    answers = {line["path"]: line.get("category") for line in lines[:-1] if "path" in line}
    return {**lines[-1], "notes": complained.strip(), "answers": answers}


def gpu_memory_mib() -> float | None:
    """What is in use on the GPU, by everybody."""
    code, said, _ = run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"], seconds=10)
    return float(said.splitlines()[0]) if code == 0 and said.strip() else None


class Figures:
    """Figures of one stage: written after every part, so that what fails late costs nothing that was known."""

    def __init__(self, stage: str) -> None:
        self._path = OUT / "stages" / f"{stage}.json"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.known: dict[str, Any] = {"small": SMALL}
        self.failed = False

    @contextmanager
    def part(self, name: str) -> Iterator[Callable[[Any], None]]:
        """Call what it yields with the figures called `name`. An error is printed, kept in their place, and passed."""
        try:
            yield lambda value: self._keep(name, value)
        except Exception as error:  # whatever it is, the next part may go well
            traceback.print_exc()
            self.failed = True
            self._keep(f"{name}, error", f"{type(error).__name__}: {error}"[:1000])

    def _keep(self, name: str, value: Any) -> None:
        self.known[name] = value
        sys.stdout.write(f"{name}: {json.dumps(value)[:600]}\n")
        self._path.write_text(json.dumps(self.known, indent=1) + "\n")

    def end(self) -> None:
        """Leave, with 1 where a part failed."""
        sys.exit(1 if self.failed else 0)
