"""Files in → answers out: decode workers, batches and back-pressure.

Decoding runs a little ahead of the model; no more than a few batches of pictures exist at any time, however large the
folder.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pigeonhole.decoding.item import Decoded, Decoders, Problem
from pigeonhole.decoding.threads import ThreadDecoders
from pigeonhole.images import Preprocessing
from pigeonhole.model import Model
from pigeonhole.model.lanes import Lanes
from pigeonhole.records import Found, Guess

__all__ = ["Decoded", "Problem", "decoded", "guesses"]


def guesses(
    found: Iterable[Found | Problem], model: Model, decoders: Decoders | None = None
) -> Iterator[Guess | Problem]:
    """The model's answer for every file. Guesses keep the order of the files; a Problem does not wait for its batch.

    Without `decoders` pictures are decoded in threads, which start at once; for a folder give a DecoderPool, which
    survives what its decoders do not.
    """
    pace = model.pace
    batch: list[Decoded] = []
    with Lanes(partial(_answers, model), pace.lanes) as lanes:
        for item in decoded(found, model.preprocessing, decoders):
            if not isinstance(item, Decoded):
                yield item
                continue
            batch.append(item)
            if len(batch) == pace.batch:
                yield from chain.from_iterable(lanes.put(batch))
                batch = []
        if batch:
            yield from chain.from_iterable(lanes.put(batch))
        yield from chain.from_iterable(lanes.rest())


def decoded(
    found: Iterable[Found | Problem], preprocessing: Preprocessing, decoders: Decoders | None = None
) -> Iterator[Decoded | Problem]:
    """Every file read and decoded, in their order, a batch and a few more ahead of whoever asks."""
    return (decoders or ThreadDecoders()).decode(found, preprocessing)


def _answers(model: Model, batch: list[Decoded]) -> list[Guess]:
    probabilities, distances = model.answers(np.stack([item.pixels for item in batch]))
    guesses = []
    for number, (item, row) in enumerate(zip(batch, probabilities, strict=True)):
        distance = None if distances is None else float(distances[number])
        doubt = model.gates.doubt(float(row.max()), distance) if model.gates else ""
        ranking = _ranking(model.card.labels, row)
        guesses.append(Guess(item.found.path, ranking, item.sha256, item.identity, distance, doubt))
    return guesses


def _ranking(labels: tuple[str, ...], row: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-row, kind="stable")
    return tuple((labels[index], float(row[index])) for index in order)
