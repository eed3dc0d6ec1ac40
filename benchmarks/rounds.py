"""Rounds in which every contender runs once, and what comes out of them."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from contenders import Contender
from corpus import Corpus
from measuring import run

LIMITS = Path(__file__).resolve().parent / "limits.py"


@dataclass
class Times:
    """Seconds, one for each round, of `count` pictures of the corpus' `total`, of a folder of one, of one named.

    `decode` and `infer` are what bounds ours, in pictures per second.
    """

    count: int
    total: int
    many: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    decode: list[float] = field(default_factory=list)
    infer: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    device: str = ""

    @property
    def rate(self) -> float:
        """Pictures per second from the start of the process to its end, over the whole corpus."""
        return self.total / self._whole(median(self.many), median(self.start))

    @property
    def rates(self) -> list[float]:
        """The same of every round."""
        return [self.total / self._whole(many, start) for many, start in zip(self.many, self.start, strict=True)]

    @property
    def steady(self) -> float:
        """Pictures per second when it has once begun: without what a folder of one picture takes."""
        return (self.count - 1) / max(1e-9, median(self.many) - median(self.start))

    @property
    def limit(self) -> float:
        """Pictures per second if nothing but decoding and asking the model took time, both on the same processors."""
        return 1 / (1 / median(self.decode) + 1 / median(self.infer))

    def _whole(self, many: float, start: float) -> float:
        """Seconds for the whole corpus; those who saw a sample go on at their steady rate."""
        if self.count == self.total:
            return many
        return start + (many - start) * (self.total - 1) / (self.count - 1)


def measure(
    contenders: Sequence[Contender], corpus: Corpus, peer_count: int, rounds: int, seconds: float
) -> dict[str, Times]:
    """Every contender's times by its name. One run of each goes before, for its memory; it also warms the caches."""
    times = {}
    for each in contenders:
        count = corpus.count if each.ours else min(peer_count, corpus.count)
        times[each.name] = Times(count, corpus.count)
        times[each.name].peak_mib = _folder(each, corpus.first(peer_count), corpus, memory=True)
    for number in range(rounds):
        bounds: dict[Path, dict[str, Any]] = {}
        for each in contenders if number % 2 == 0 else reversed(contenders):
            _tell(f"round {number + 1} of {rounds}: {each.name}")
            _round(each, corpus, times[each.name])
            if each.ours:
                if each.ours not in bounds:
                    bounds[each.ours] = _limits(each.ours, each, corpus, seconds)
                times[each.name].decode.append(bounds[each.ours]["decode"])
                times[each.name].infer.append(bounds[each.ours]["infer"])
                times[each.name].device = bounds[each.ours]["device"]
    return times


def _limits(tf_files: Path, each: Contender, corpus: Corpus, seconds: float) -> dict[str, Any]:
    """Once a round for each model, whatever is done with the answers."""
    command = [sys.executable, str(LIMITS), str(tf_files), str(corpus.pictures), "--seconds", str(seconds)]
    said: dict[str, Any] = json.loads(run(command, each.environment).output)
    return said


def _round(each: Contender, corpus: Corpus, times: Times) -> None:
    times.start.append(_folder(each, corpus.one, corpus))
    times.single.append(run(each.on_one(corpus.folder / corpus.typical), each.environment).seconds)
    times.many.append(_folder(each, corpus.first(times.count), corpus))


def _folder(each: Contender, pictures: Path, corpus: Corpus, *, memory: bool = False) -> float:
    """Seconds, or the peak of the memory; what it writes is on the corpus' own file system, and does not stay."""
    out = corpus.folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    done = run(each.on_folder(pictures, out / "answers"), each.environment, memory=memory)
    answers = corpus.folder / f"answers of {each.name.replace('/', ' ')}.csv"
    if not each.ours:
        (out / "answers").replace(answers)
    shutil.rmtree(out)
    return done.peak_mib if memory else done.seconds


def agreement(contenders: Sequence[Contender], corpus: Corpus) -> dict[str, float]:
    """The share of pictures that each peer gives the label that the first peer gives it."""
    answers = {each.name: _answers(corpus, each) for each in contenders if not each.ours}
    first = next(iter(answers.values()), {})
    return {name: sum(own.get(path) == label for path, label in first.items()) / len(first)
            for name, own in answers.items()}  # fmt: skip


def _answers(corpus: Corpus, each: Contender) -> dict[str, str]:
    lines = (corpus.folder / f"answers of {each.name.replace('/', ' ')}.csv").read_text().splitlines()
    return dict(line.rsplit(",", 1) for line in lines)


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()
