"""Memory and rate of guess-dir over a small and a large folder of tiny pictures: both must be the same.

python benchmarks/sorting.py [--small 1000] [--large 100000] [--folder WHERE]

The model is the tests' own, which looks at nothing but the mean colour, so that it is the way around the model that
is measured: finding, reading, decoding, placing, journalling. A third run goes over the large folder once more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

TESTS = Path(__file__).resolve().parent.parent / "tests"
COLOURS = ((250, 5, 5), (5, 250, 5), (5, 5, 250))


class Measured(NamedTuple):
    files: int
    seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        return self.files / self.seconds


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
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(json.dumps({**json.loads(last), 'peak': peak, 'code': process.returncode}))"
    )
    guess_dir = [sys.executable, "-m", "pigeonhole", "guess-dir", str(tf_files), str(source), str(out), "--json"]
    result = subprocess.run(
        [sys.executable, "-c", script, *guess_dir, *options], stdout=subprocess.PIPE, text=True, check=True
    )
    summary = json.loads(result.stdout)
    if summary["code"] != 0:
        raise SystemExit(f"guess-dir ended with {summary['code']}")
    return Measured(summary["seen"], summary["seconds"], summary["peak"] / 1024)


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
        write_pictures(work / "small", chosen.small)
        write_pictures(work / "large", chosen.large)
        sys.stdout.write("| run | files | files/s | peak memory, MiB | rate, of small | memory, of small |\n")
        sys.stdout.write("|---|---:|---:|---:|---:|---:|\n")
        for way in ("--copy", "--move"):
            small = run(tf_files, work / "small", work / f"small {way}", way)
            large = run(tf_files, work / "large", work / f"large {way}", way)
            again = [run(tf_files, work / "large", work / f"large {way}", way)] if way == "--copy" else []
            for name, measured in zip(("small", "large", "large again"), (small, large, *again), strict=False):
                sys.stdout.write(
                    f"| {way} {name} | {measured.files} | {measured.rate:.0f} | {measured.peak_mib:.0f} |"
                    f" {measured.rate / small.rate:.2f} | {measured.peak_mib / small.peak_mib:.2f} |\n"
                )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
