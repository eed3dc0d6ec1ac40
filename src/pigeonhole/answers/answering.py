"""Pictures in → rows out, by the same reading, decoding and model as everywhere else."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pigeonhole.answers.listed import Listed, Source
from pigeonhole.answers.row import Row
from pigeonhole.decoding.item import Decoders, Problem
from pigeonhole.model import Model
from pigeonhole.records import Failed, Found, Guess, Unreadable
from pigeonhole.stream import guesses

Outcome = Guess | Problem


def rows(
    source: Source, listed: Iterable[Listed], model: Model, decoders: Decoders, most_threads: int | None = None
) -> Iterator[Row]:
    """One row for each picture, nearly in their order: what fails does not wait for its batch.

    `most_threads` as for `stream.guesses`.
    """
    waiting: dict[Path, tuple[Listed, Found | Failed]] = {}
    with source.reading() as reading:

        def found() -> Iterator[Found | Failed]:
            for each, item in reading.files(listed):
                waiting[item.path] = each, item
                yield item

        for outcome in guesses(found(), model, decoders, most_threads):
            each, item = waiting.pop(outcome.path)
            if isinstance(item, Found):
                reading.release(item)
            yield Row.of(each, _with_digest(outcome, source, each.name))


def _with_digest(outcome: Outcome, source: Source, name: str) -> Outcome:
    """Of what has killed its decoder, or is too large, nobody knows the digest yet."""
    if isinstance(outcome, Unreadable) and outcome.sha256 is None:
        with suppress(OSError):
            return replace(outcome, sha256=source.digest(name))
    return outcome
