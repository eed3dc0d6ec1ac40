"""Stage `scaling`: `guess-dir` on 1, 2, 4, 8 and 16 processors, without a GPU, and what was to be expected.

What is expected comes from one processor (Amdahl 1967): a picture takes `alone + shared / processors`. `alone` is the
processor time of the first thread, which lists, places and waits for nobody's help; `shared` is the rest of what a
picture takes on one. Both are beyond the start, which is a run over one picture. The difference between runs on one and
on two processors tells `alone` too roughly: an error of 0.2 s is 3 s of 8 when it is carried on to 16.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage import GPU_OFF, SMALL, Figures, guess_dir, pictures

from pigeonhole.cpus import available_cpus

FIRST_THREAD = Path(__file__).with_name("first_thread.py")
#: Pictures for each processor.
RUNS = (
    ("0.2 megapixels", 300),
    ("2 megapixels", 100),
)


@dataclass(frozen=True, slots=True)
class Run:
    """`count` pictures in `seconds` of the clock, of which the first thread worked `alone`."""

    count: int
    seconds: float
    alone: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Expectation:
    """Seconds: of the start, and of each picture beyond it."""

    start: float
    alone: float
    shared: float

    @classmethod
    def of(cls, start: Run, on_one: Run) -> "Expectation":
        """From runs on one processor over one picture and over many."""
        more = on_one.count - start.count
        alone = max(0.0, (on_one.alone - start.alone) / more)
        return cls(start.seconds, alone, (on_one.seconds - start.seconds) / more - alone)

    def rate(self, count: int, processors: int) -> float:
        """Pictures per second, with the start."""
        return count / (self.start + count * (self.alone + self.shared / processors))


def main() -> None:
    figures = Figures("scaling")
    for kind, each in RUNS:
        with figures.part(f"{kind}, 1") as keep:
            start, on_one = _run(kind, 1, 1), _run(kind, 10 if SMALL else each, 1)
            expected = Expectation.of(start, on_one)
            keep(
                {
                    "per second": round(on_one.rate, 1),
                    "start, s": round(start.seconds, 2),
                    "alone, ms": round(1000 * expected.alone, 3),
                    "shared, ms": round(1000 * expected.shared, 2),
                }
            )
        for processors in (2, 4, 8, 16):
            if processors > available_cpus():
                break
            with figures.part(f"{kind}, {processors}") as keep:
                run = _run(kind, 10 if SMALL else each * processors, processors)
                keep(_beside(run, expected.rate(run.count, processors)))
    figures.end()


def _run(kind: str, count: int, processors: int) -> Run:
    corpus = pictures(kind)
    folder = corpus.first(min(corpus.count, count))
    said = guess_dir(folder, "--hardlink", environment=GPU_OFF, program=(str(FIRST_THREAD),),
                     before=("taskset", "-c", f"0-{processors - 1}"))  # fmt: skip
    found = re.search(r"first thread: ([\d.]+)", said["notes"])
    if not found:
        raise ValueError(said["notes"])
    return Run(said["seen"], said["seconds"], float(found[1]))


def _beside(run: Run, expected: float) -> dict[str, Any]:
    return {"per second": round(run.rate, 1), "pictures": run.count, "expected": round(expected, 1),
            "of that": round(run.rate / expected, 2)}  # fmt: skip


if __name__ == "__main__":
    main()
