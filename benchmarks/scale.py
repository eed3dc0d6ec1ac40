"""Whether guess-dir takes longer per picture, or more memory, where there are many more of them."""

import shutil
from pathlib import Path
from statistics import median

import corpus as corpora
from contenders import Contender
from measuring import run

FEW, MANY = 1000, 20_000


def scale(
    where: Path, ours: Contender, rounds: int, counts: tuple[int, int], seed: int
) -> tuple[str, dict[str, object]]:
    """A table and its figures. Memory is looked at in every run, which costs few and many the same share."""
    seconds: dict[int, list[float]] = {count: [] for count in counts}
    peaks: dict[int, list[float]] = {count: [] for count in counts}
    corpus = {count: corpora.make(where, corpora.SMALL, count, seed) for count in counts}
    for each in corpus.values():
        corpora.read_once(each.pictures)
    for number in range(rounds):
        for count in counts if number % 2 == 0 else reversed(counts):
            out = corpus[count].folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            done = run(ours.on_folder(corpus[count].pictures, out), ours.environment, memory=True)
            shutil.rmtree(out)
            seconds[count].append(done.seconds)
            peaks[count].append(done.peak_mib)
    few = counts[0]
    head = "| files | pictures/s | of few | peak MiB | of few |\n|---:|---:|---:|---:|---:|\n"
    lines = []
    for count in counts:
        rate, peak = count / median(seconds[count]), median(peaks[count])
        rates = f"{rate:.1f} | {rate / (few / median(seconds[few])):.2f}"
        lines.append(f"| {count} | {rates} | {peak:.0f} | {peak / median(peaks[few]):.2f} |\n")
    return head + "".join(lines), {"seconds": seconds, "peak_mib": peaks}
