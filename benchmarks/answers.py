"""Tables of answers: what a row costs where it is written, found again and sorted by, and what a cluster adds.

python benchmarks/answers.py [--rows 1000000] [--pictures 5000 --rounds 3 --tf-files TF_FILES] [--cluster]

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
from contextlib import AbstractContextManager, ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from measuring import ProcessorTime
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


def pictures(folder: Path, tf_files: Path, count: int, rounds: int, *, with_cluster: bool) -> None:
    from PIL import Image

    noise = np.random.default_rng(0)
    for number in range(count):
        path = folder / "in" / f"half {number % 2}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(noise.integers(0, 255, (24, 32, 3), np.uint8))
        small.resize((640, 480)).save(path)
    say("| | seconds, half of the pictures | all | pictures/s beyond the start | processor time of each, ms |")
    say("|---|---:|---:|---:|---:|")
    with ExitStack() as stack:
        cluster = stack.enter_context(_nodes(2)) if with_cluster else None
        for number in range(1, rounds + 1):
            plain = steady(folder, count, f"two processors, one process, {number}", tf_files)
            if cluster:
                name = f"two nodes of one processor each, {number}"
                nodes = steady(folder, count, name, tf_files, "--cluster", cluster.address)
                say(f"| | | | {nodes.rate / plain.rate:.2f} of the above | {nodes.worked / plain.worked:.2f} |")
    table = "two processors, one process, 1, all"
    seconds = told(folder, "guess-dir", tf_files, "in", "sorted", "--from-answers", table)
    say(f"| guess-dir --from-answers | | {seconds:.1f} | {count / seconds:.0f} | |")


def _nodes(count: int) -> AbstractContextManager[Any]:
    from clusters import ray_nodes

    return ray_nodes(count)


class Steady(NamedTuple):
    """Beyond what any run takes: pictures per second by the clock, and seconds of processor time for each."""

    rate: float
    worked: float


def steady(folder: Path, count: int, name: str, tf_files: Path, *options: str) -> Steady:
    """From a run over half of the pictures and one over all."""
    seconds, worked = [], []
    for source, which in (("in/half 0", "half"), ("in", "all")):
        time_ = ProcessorTime()
        seconds.append(told(folder, "answers", tf_files, source, f"{name}, {which}", *options))
        worked.append(time_.stop())
    found = Steady(count / 2 / (seconds[1] - seconds[0]), (worked[1] - worked[0]) / (count / 2))
    say(f"| {name} | {seconds[0]:.1f} | {seconds[1]:.1f} | {found.rate:.0f} | {1000 * found.worked:.1f} |")
    return found


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
    parser.add_argument("--rounds", type=int, default=3, help="of answering the pictures, in turn")
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
            pictures(folder, asked.tf_files.resolve(), asked.pictures, asked.rounds, with_cluster=asked.cluster)


if __name__ == "__main__":
    main()
