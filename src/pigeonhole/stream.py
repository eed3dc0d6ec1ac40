"""Files in → answers out: decode workers, batches and back-pressure.

Decoding runs a little ahead of the model; no more than a few batches of pictures exist at any time, however large the
folder.
"""

import math
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.decoding.faces import Cutting, all_faces
from pigeonhole.decoding.item import Decoded, Decoders, Problem
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.images import Preprocessing
from pigeonhole.model import Answers, Model
from pigeonhole.model.batch_threads import OrderedThreads
from pigeonhole.records import Failed, Found, Guess

__all__ = [
    "Decoded",
    "GuessWithHeat",
    "GuessedFaces",
    "Problem",
    "decoded",
    "guess_faces",
    "guess_with_heat",
    "guesses",
]


class GuessWithHeat(NamedTuple):
    """A guess, the pixels that the model saw (uint8 [S, S, 3] RGB), and the heat [H, W] of the best category."""

    guess: Guess
    pixels: NDArray[np.uint8]
    heat: NDArray[np.float32]


def guesses(
    found: Iterable[Found | Problem], model: Model, decoders: Decoders | None = None, most_threads: int | None = None
) -> Iterator[Guess | Problem]:
    """The model's answer for every file. Guesses keep the order of the files; a Problem does not wait for its batch.

    `decoders` as for `decoded`; `most_threads` for the model where other processes have the other processors.
    """
    plan = model.batch_plan
    batch: list[Decoded] = []
    with OrderedThreads(partial(_guesses, model), min(plan.threads, most_threads or plan.threads)) as threads:
        for item in decoded(found, model.preprocessing, decoders):
            if not isinstance(item, Decoded):
                yield item
                continue
            batch.append(item)
            if len(batch) == plan.batch:
                yield from chain.from_iterable(threads.submit(batch))
                batch = []
        if batch:
            yield from chain.from_iterable(threads.submit(batch))
        yield from chain.from_iterable(threads.drain())


def guess_with_heat(found: Found, model: Model, decoders: Decoders | None = None) -> GuessWithHeat | Problem:
    """The answer for one picture and the reasons for it, from one decoding and one run of a model that `has_heat`."""
    (item,) = decoded([found], model.preprocessing, decoders)
    if not isinstance(item, Decoded):
        return item
    pixels = item.pixels[None]
    answers, heat = model.answers_with_heat(pixels)
    best = int(answers.probabilities[0].argmax())
    guess = _guess(model, item, answers, 0)
    if not isinstance(guess, Guess):
        return guess
    return GuessWithHeat(guess, model.plain_view(pixels)[0], heat[0, best])


class GuessedFaces(NamedTuple):
    """An answer for each face of a picture, from left to right; `whole` and `times` as in CutFaces."""

    path: Path
    faces: tuple[Guess, ...]
    whole: NDArray[np.uint8] | None
    times: float


def guess_faces(found: Iterable[Found | Problem], model: Model, cutting: Cutting) -> Iterator[GuessedFaces | Problem]:
    """The model's answer for every face of every picture. `cutting` has the preprocessing of `model`."""
    for item in all_faces(found, cutting):
        if not isinstance(item, tuple):
            yield item
            continue
        made, cut = item
        batch = [Decoded(made.found, made.identity, made.sha256, pixels, face=face) for face, pixels in cut.faces]
        answers = _guesses(model, batch) if batch else []
        faces = tuple(answer for answer in answers if isinstance(answer, Guess))
        problem = next((answer for answer in answers if not isinstance(answer, Guess)), None)
        yield problem or GuessedFaces(made.found.path, faces, cut.whole, cut.times)


def decoded(
    found: Iterable[Found | Problem], preprocessing: Preprocessing, decoders: Decoders | None = None
) -> Iterator[Decoded | Problem]:
    """Every file read and decoded, in their order, a batch and a few more ahead of whoever asks.

    Without `decoders` they are decoder processes, which are started for this and end with it.
    """
    if decoders is not None:
        yield from decoders.decode(found, preprocessing)
        return
    with DecoderPool() as pool:
        yield from pool.decode(found, preprocessing)


def _guesses(model: Model, batch: list[Decoded]) -> list[Guess | Problem]:
    answers = model.answers(np.stack([item.pixels for item in batch]))
    return [_guess(model, item, answers, number) for number, item in enumerate(batch)]


def _guess(model: Model, item: Decoded, answers: Answers, number: int) -> Guess | Problem:
    """The guess for `item`, whose answer stands in row `number`."""
    row = answers.probabilities[number]
    distance = None if answers.distances is None else float(answers.distances[number])
    if not (np.isfinite(row).all() and (distance is None or math.isfinite(distance))):
        return Failed(item.found.path, "the model's answer is no number")
    why_unknown = model.rejection.why_unknown(float(row.max()), distance) if model.rejection else ""
    ranking = _ranking(model.card.labels, row)
    return Guess(item.found.path, ranking, item.sha256, item.identity, distance, why_unknown, item.has_end, item.face)


def _ranking(labels: tuple[str, ...], row: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-row, kind="stable")
    return tuple((labels[index], float(row[index])) for index in order)
