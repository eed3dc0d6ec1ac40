"""Tables of answers: what a row costs where it is written, found again and sorted by, and what a cluster adds.

python benchmarks/answers.py [--rows 1000000] [--pictures 5000] [--tf-files TF_FILES] [--cluster]

Rows are generated, so that no picture is decoded; seconds are of processor time, of the process that lists and counts.
With --cluster the same from Ray's workers, which answer nothing. With --tf-files pictures are answered: by the plain
stream and, with --cluster, by two nodes of one processor each. That wants a machine of two processors that does nothing
else.
"""

import argparse
import hashlib
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from pigeonhole import __version__
from pigeonhole.answers.folder import FolderSource, FolderStore
from pigeonhole.answers.listed import Listed
from pigeonhole.answers.parts import Parts
from pigeonhole.answers.row import Result, Row
from pigeonhole.answers.run import PartWriter
from pigeonhole.answers.table import About

LABELS = tuple(f"category {number}" for number in range(10))
ABOUT = About("0" * 64, LABELS, unknown=True, tta=False, source="/in", version=__version__)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def listed(count: int) -> Iterator[Listed]:
    for n in range(count):
        yield Listed(f"holiday {n // 1000}/IMG_{n:08}.JPG", 2_000_000 + n, 10**18 + n, 10**18 + n)


def writing(table: Path, count: int) -> None:
    table.mkdir()
    parts = Parts(FolderStore(table), ABOUT)
    with PartWriter(parts) as writer:
        for number, each in enumerate(listed(count)):
            digest = hashlib.sha256(number.to_bytes(8, "big"))
            scores = np.frombuffer(digest.digest(), np.uint8)[: len(LABELS)] / 2560
            ranking = tuple(zip(LABELS, scores.tolist(), strict=True))
            writer.add(Row(each, time.time_ns(), Result.ANSWERED, digest.hexdigest(), ranking, ranking[0][1]))


def finding(table: Path, count: int) -> None:
    parts = Parts(FolderStore(table), ABOUT)
    if not all(parts.row_of(each) for each in listed(count)):
        raise ValueError("a row is missing")


def echoing(_: Path, count: int) -> None:
    """The process that lists, counts and waits, with workers that have no work."""
    from pigeonhole.cluster import run
    from pigeonhole.cluster.connection import connected
    from pigeonhole.cluster.job import Done, Job
    from pigeonhole.cluster.nodes import shape
    from pigeonhole.model import InferenceOptions

    class Echo(run.Worker):
        def __init__(self, job: Job) -> None:
            self._job = job

        def _answer(self, number: int, chunk: list[Listed]) -> Done:
            return Done(number, "CPU", [], len(chunk))

    run.Worker = Echo  # type: ignore[misc]
    with connected("local"):
        its = shape()
        job = Job(FolderSource(Path("/in")), ABOUT, InferenceOptions(), None)
        size = run.chunk_size(count, its, 5000)
        if sum(done.answered for done in run.answer_all(job, its, listed(count), repeat(size))) != count:
            raise ValueError("a row is missing")


def alone(what: str, table: Path, count: int) -> tuple[float, float]:
    """Seconds of processor time and the peak in MiB of a process that does nothing else."""
    command = [sys.executable, __file__, "--step", what, str(table), str(count)]
    seconds, peak = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
    return seconds, peak


def step(what: str, table: str, count: str) -> None:
    {"writing": writing, "finding": finding, "echoing": echoing}[what](Path(table), int(count))
    used = resource.getrusage(resource.RUSAGE_SELF)
    say(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))


def rows(folder: Path, counts: list[int], *, with_cluster: bool) -> None:
    say("| rows | written/s | found again/s | by a cluster/s | peak MiB | | |\n|---:|---:|---:|---:|---:|---:|---:|")
    for count in counts:
        figures = [alone(what, folder / str(count), count) for what in ("writing", "finding")]
        figures += [alone("echoing", folder, count)] if with_cluster else []
        rates = [f"{count / seconds:.0f}" for seconds, _ in figures] + [""] * (3 - len(figures))
        peaks = [f"{peak:.0f}" for _, peak in figures] + [""] * (3 - len(figures))
        say(f"| {count} | {' | '.join(rates + peaks)} |")
        size = sum(part.stat().st_size for part in (folder / str(count)).iterdir())
    say(f"\nA row takes {size / count:.0f} bytes on the disk.\n")


def pictures(folder: Path, tf_files: Path, count: int, *, with_cluster: bool) -> None:
    from PIL import Image

    noise = np.random.default_rng(0)
    for number in range(count):
        path = folder / "in" / f"half {number % 2}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(noise.integers(0, 255, (24, 32, 3), np.uint8))
        small.resize((640, 480)).save(path)
    say("| | seconds, half of the pictures | all | pictures/s beyond the start |\n|---|---:|---:|---:|")
    plain = steady(folder, count, "answers", "two processors, one process", tf_files)
    seconds = told(folder, "guess-dir", tf_files, "in", "sorted", "--from-answers", "two processors, one process 2")
    say(f"| guess-dir --from-answers | | {seconds:.1f} | {count / seconds:.0f} |")
    if not with_cluster:
        return
    from clusters import ray_nodes

    with ray_nodes(2) as cluster:
        nodes = steady(folder, count, "answers", "two nodes", tf_files, "--cluster", cluster.address)
    say(f"\nTwo nodes of one processor: {nodes / plain:.2f} of the plain stream on two.")


def steady(folder: Path, count: int, command: str, name: str, tf_files: Path, *options: str) -> float:
    """Pictures per second by the clock, without what any run takes: from a run over half of them and one over all."""
    half = told(folder, command, tf_files, "in/half 0", f"{name} 1", *options)
    whole = told(folder, command, tf_files, "in", f"{name} 2", *options)
    rate = count / 2 / (whole - half)
    say(f"| {name} | {half:.1f} | {whole:.1f} | {rate:.0f} |")
    return rate


def told(folder: Path, *arguments: Any) -> float:
    """The seconds that the command itself tells."""
    command = [sys.executable, "-m", "pigeonhole", *map(str, arguments)]
    ran = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=True)
    found = re.search(r"\((\d+\.\d) s", ran.stderr)
    if not found:
        raise ValueError(ran.stderr)
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="the most; a hundredth and a tenth of it, too")
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--tf-files", type=Path, help="with a model; without one no picture is answered")
    parser.add_argument("--cluster", action="store_true", help="with Ray")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        step(*asked.step)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if asked.rows:
            rows(folder, [asked.rows // 100, asked.rows // 10, asked.rows], with_cluster=asked.cluster)
        if asked.tf_files:
            pictures(folder, asked.tf_files.resolve(), asked.pictures, with_cluster=asked.cluster)


if __name__ == "__main__":
    main()
