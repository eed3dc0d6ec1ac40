"""Answers for whoever places pictures: from the workers' rows, each compared with the file as it lies here."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pigeonhole.answers.listed import Listed
from pigeonhole.answers.reuse import verified
from pigeonhole.cluster.job import Job
from pigeonhole.cluster.nodes import Shape
from pigeonhole.cluster.run import WAVE, answer_wave, put
from pigeonhole.decoding.item import Problem, cannot_read
from pigeonhole.records import Found, Guess

NO_DEVICE = "cluster"  # as long as no worker has said what it works on


class ClusterGuesses:
    """As `stream.guesses`, for files below `root`: in their order, and what fails does not wait.

    A file has another device number, and may have another content, on another machine: its digest tells whether the
    answer is about the file that is going to be placed.
    """

    note = ""

    def __init__(self, root: Path, job: Job, shape: Shape, size: int) -> None:
        self.device = NO_DEVICE
        self._root = root
        self._job = job
        self._shape = shape
        self._size = size

    def answers(self, found: Iterable[Found | Problem]) -> Iterator[Guess | Problem]:
        """Raises as `answer_wave`."""
        references: list[Any] = []
        chunk: list[Listed] = []
        for item in found:
            listed = _listed(item)
            if not isinstance(listed, Listed):
                yield listed
                continue
            chunk.append(listed)
            if len(chunk) == self._size:
                references.append(put(len(references), chunk))
                chunk = []
            if len(references) * self._size >= WAVE:
                yield from self._wave(references)
                references = []
        if chunk:
            references.append(put(len(references), chunk))
        yield from self._wave(references)

    def _wave(self, references: list[Any]) -> Iterator[Guess | Problem]:
        if not references:
            return
        for done in answer_wave(self._job, self._shape, references, ordered=True):
            self.device = done.device
            for row in done.rows:
                relative = Path(row.listed.name)
                yield verified(Found(self._root / relative, relative), row)


def _listed(item: Found | Problem) -> Listed | Problem:
    if not isinstance(item, Found):
        return item
    try:
        status = item.path.lstat()
    except OSError as error:
        return cannot_read(item.path, error)
    return Listed(str(item.relative), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
