"""The small Python face: load a model, guess pictures."""

import weakref
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UnreadableError
from pigeonhole.files import find_named
from pigeonhole.model import Model, load_model
from pigeonhole.records import Failed, Guess, Unreadable
from pigeonhole.stream import guesses
from pigeonhole.text import printable


class Classifier:
    """A trained model that answers for one picture at a time.

    Pictures are decoded by a process that starts with the first one and ends with the classifier, or with `close`; so
    a file that crashes a decoder, or would take all memory, is one UnreadableError. Threads may share a classifier.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._decoders = DecoderPool(1)
        self._turn = Lock()
        self._end = weakref.finalize(self, self._decoders.close)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The classifier in the model file `path`. Raises ModelError where there is none that can be used."""
        return cls(load_model(Path(path)))

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.card.labels

    def guess(self, path: str | PathLike[str]) -> Guess:
        """The answer for the picture `path`: its `label`, and the ranking of all categories.

        Raises UnreadableError where the picture cannot be read, or costs more than a picture may.
        """
        picture = Path(path)
        with self._turn:
            (answer,) = guesses([find_named(picture)], self.model, self._decoders)
        match answer:
            case Guess():
                return answer
            case Unreadable(reason=reason) | Failed(reason=reason):
                raise UnreadableError(f"{printable(picture)}: {reason}")
            case _:
                raise TypeError(answer)

    def close(self) -> None:
        """End the process that decodes; nothing can be guessed any more. May be called twice."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
