"""How a whole training grows with the number of pictures: `pigeonhole train` from its start, built-in backbone.

python benchmarks/training_scale.py FOLDER [--sizes 400 1000 5000 20000 100000] [--categories 10 10 10 100 100]

FOLDER keeps the pictures that are generated, 160 × 120 pixels each, smaller than anybody's: whatever is not decoding or
network stands out. Each size is learnt twice: from pictures alone, and again with all features in the cache. What the
second does not take is what decoding and network took. Processor time is that of all processes together, and says the
same whatever else the machine does; memory is the training process's.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from generated import generate

HEAD = (
    "| pictures | categories | seconds | processor seconds | ms each | of the first row | cached, processor seconds "
    "| decoding and network | peak MiB |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


class Training(NamedTuple):
    seconds: float
    cpu: float
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[400, 1000, 5000, 20000])
    parser.add_argument("--categories", type=int, nargs="+", default=[10, 10, 10, 100])
    options = parser.parse_args()
    print(HEAD)  # noqa: T201
    first = None
    for size, categories in zip(options.sizes, options.categories, strict=True):
        tf_files = options.folder / f"{size}-{categories}"
        if not (tf_files / "data").exists():
            generate(tf_files / "data", size, categories)
        shutil.rmtree(tf_files / "cache", ignore_errors=True)
        whole, cached = _train(tf_files), _train(tf_files)
        each = 1000 * whole.cpu / size
        first = first or each
        figures = [
            f"{size:,}",
            str(categories),
            f"{whole.seconds:.0f}",
            f"{whole.cpu:.0f}",
            f"{each:.1f}",
            f"{each / first:.2f}",
            f"{cached.cpu:.0f}",
            f"{100 * (1 - cached.cpu / whole.cpu):.0f} %",
            f"{whole.peak_mib:.0f}",
        ]
        print(f"| {' | '.join(figures)} |", flush=True)  # noqa: T201


def _train(tf_files: Path) -> Training:
    command = [sys.executable, "-m", "pigeonhole", "train", str(tf_files), "--backbone", "builtin"]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None  # noqa: S101
    complaints = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{complaints.decode()[-2000:]}")
    return Training(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
