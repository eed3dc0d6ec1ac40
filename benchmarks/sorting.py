"""Memory and rate of guess-dir over a small and a large folder of tiny pictures: both must be the same.

python benchmarks/sorting.py [--small 1000] [--large 100000] [--folder WHERE]

The model is the tests' own, which looks at nothing but the mean colour, so that it is the way around the model that
is measured: finding, reading, decoding, placing, journalling. A third run goes over the large folder once more.
Seconds of the processors are what tells on a machine that others use as well; the small folder is sorted before and
after the large one, several times.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

TESTS = Path(__file__).resolve().parent.parent / "tests"
COLOURS = ((250, 5, 5), (5, 250, 5), (5, 5, 250))


SMALL_RUNS = 3  # before the large one, and as many after


class Measured(NamedTuple):
    files: int
    seconds: float
    processor_seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        return self.files / self.seconds

    def cost(self, idle: float) -> float:
        """Milliseconds of processor time per file, without the `idle` seconds that starting takes."""
        return (self.processor_seconds - idle) / self.files * 1000


def write_pictures(folder: Path, count: int) -> None:
    """`count` pictures of 40 × 30 pixels, all different, a thousand to a folder."""
    kinds = []
    for colour in COLOURS:
        buffer = BytesIO()
        Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
        kinds.append(buffer.getvalue())
    for number in range(count):
        path = folder / f"{number // 1000:04}" / f"{number:07}.png"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(kinds[number % 3] + number.to_bytes(8, "big"))


def run(tf_files: Path, source: Path, out: Path, *options: str) -> Measured:
    """One guess-dir in a process of its own; the seconds are those of its summary, without imports and model."""
    script = (
        "import json, resource, subprocess, sys\n"
        "with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True) as process:\n"
        "    for line in process.stdout: last = line\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "own = {'peak': used.ru_maxrss, 'processor': used.ru_utime + used.ru_stime, 'code': process.returncode}\n"
        "print(json.dumps({**json.loads(last), **own}))"
    )
    guess_dir = [sys.executable, "-m", "pigeonhole", "guess-dir", str(tf_files), str(source), str(out), "--json"]
    result = subprocess.run(
        [sys.executable, "-c", script, *guess_dir, *options], stdout=subprocess.PIPE, text=True, check=True
    )
    summary = json.loads(result.stdout)
    if summary["code"] != 0:
        raise SystemExit(f"guess-dir ended with {summary['code']}")
    return Measured(summary["seen"], summary["seconds"], summary["processor"], summary["peak"] / 1024)


def middle(runs: list[Measured]) -> Measured:
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def main() -> None:
    sys.path.insert(0, str(TESTS))
    from models import write_colour_model

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to make the pictures (a temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as made:
        work = Path(made)
        tf_files = write_colour_model(work / "tf_files")
        write_pictures(work / "one", 1)
        write_pictures(work / "small", chosen.small)
        write_pictures(work / "large", chosen.large)
        numbers = iter(range(1000))

        def small(way: str) -> Measured:
            source = work / f"small {next(numbers)}"
            shutil.copytree(work / "small", source)
            return run(tf_files, source, work / f"out {next(numbers)}", way)

        sys.stdout.write("| run | files | files/s | CPU ms/file | peak MiB | CPU, of small | memory, of small |\n")
        sys.stdout.write("|---|---:|---:|---:|---:|---:|---:|\n")
        idle = run(tf_files, work / "one", work / "out of one").processor_seconds
        for way in ("--copy", "--move"):
            few = [small(way) for _ in range(SMALL_RUNS)]
            large = run(tf_files, work / "large", work / f"large {way}", way)
            again = [run(tf_files, work / "large", work / f"large {way}", way)] if way == "--copy" else []
            one = middle(few + [small(way) for _ in range(SMALL_RUNS)])
            for name, each in zip(("small", "large", "large again"), (one, large, *again), strict=False):
                own = f"{each.files} | {each.rate:.0f} | {each.cost(idle):.2f} | {each.peak_mib:.0f}"
                ratios = f"{each.cost(idle) / one.cost(idle):.2f} | {each.peak_mib / one.peak_mib:.2f}"
                sys.stdout.write(f"| {way[2:]} {name} | {own} | {ratios} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
