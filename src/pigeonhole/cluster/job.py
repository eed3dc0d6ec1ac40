"""What every worker is told, and what a worker does with a chunk of pictures."""

import pickle
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pigeonhole import __version__
from pigeonhole.answers.answering import rows
from pigeonhole.answers.listed import Listed, Source, Store
from pigeonhole.answers.parts import part_name, write_part
from pigeonhole.answers.row import Result, Row
from pigeonhole.answers.table import About
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import OutputError, PigeonholeError
from pigeonhole.model import InferenceOptions
from pigeonhole.model.load import read_model

DECODER = "pigeonhole.images:to_square"


@dataclass(frozen=True, slots=True)
class Job:
    """`model` is a reference to the model file's bytes in Ray's object store, which sends them to each machine once.

    With a `store`, rows are written there, each chunk as a part of the `run`; without, they are handed back, and also
    with it where the one who asks `wants_answers`.
    A worker uses `processors` for decoding and for the model.
    """

    source: Source
    about: About
    options: InferenceOptions
    model: Any
    store: Store | None = None
    run: str = ""
    wants_answers: bool = False
    processors: int = 1
    decoder: str = DECODER


@dataclass(frozen=True, slots=True)
class Done:
    """One chunk. `rows` are all of it, or, where they are written and nobody wants them, those that were not answered.

    `answered` and `unknown` count the others. `stopped` is a sentence where the job cannot go on; where that is
    because the table cannot be written, `cannot_write`.
    """

    number: int
    device: str
    rows: list[Row] = field(default_factory=list)
    answered: int = 0
    unknown: int = 0
    stopped: str = ""
    cannot_write: bool = False


def packed(number: int, listed: Sequence[Listed]) -> dict[str, Any]:
    """A chunk as a row of a Ray dataset: names that resemble each other take an eighth of the memory."""
    return {"number": number, "value": zlib.compress(pickle.dumps(list(listed)), 1)}


class Worker:
    """Holds the model and its decoders for as long as the job lasts.

    Ray starts it anew elsewhere when its machine is lost, and gives it the chunk again: a part has the name of its
    chunk, so that it is there once, however often it is answered.
    """

    def __init__(self, job: Job) -> None:
        import ray

        self._job = job
        self._model = read_model(ray.get(job.model), job.options)
        self._decoders = DecoderPool(job.processors, decoder=job.decoder, early=True)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Chunks as `packed` → a Done for each."""
        done = [self._done(int(number), value) for number, value in zip(batch["number"], batch["value"], strict=True)]
        return {"number": batch["number"], "value": np.array([pickle.dumps(each) for each in done], object)}

    def _done(self, number: int, value: bytes) -> Done:
        if self._job.about.version != __version__:  # a machine that has joined since they were looked at
            stopped = f"A node has pigeonhole {__version__}, this machine {self._job.about.version}."
            return Done(number, "", stopped=stopped)
        try:
            return self._answer(number, pickle.loads(zlib.decompress(value)))  # noqa: S301 - Ray pickles, too
        except PigeonholeError as error:
            return Done(number, "", stopped=str(error), cannot_write=isinstance(error, OutputError))

    def _answer(self, number: int, listed: list[Listed]) -> Done:
        job = self._job
        answered = list(rows(job.source, listed, self._model, self._decoders, job.processors))
        device = self._model.device
        if job.store is not None:
            write_part(job.store, part_name(job.run, number), answered, job.about)
        if job.store is None or job.wants_answers:
            return Done(number, device, answered)
        unknown = sum(bool(row.why_unknown) for row in answered)
        others = [row for row in answered if row.result is not Result.ANSWERED]
        return Done(number, device, others, len(answered) - len(others) - unknown, unknown)
