"""The small Python face: load a model, guess pictures."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

from pigeonhole.decoding.threads import ThreadDecoders
from pigeonhole.errors import UnreadableError
from pigeonhole.files import find_named
from pigeonhole.model import Model, load_model
from pigeonhole.records import Failed, Guess, Unreadable
from pigeonhole.stream import guesses
from pigeonhole.text import printable


@dataclass(frozen=True, slots=True)
class Classifier:
    """A trained model that answers for one picture at a time."""

    model: Model

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The classifier in the model file `path`. Raises ModelError where there is none that can be used."""
        return cls(load_model(Path(path)))

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.card.labels

    def guess(self, path: str | PathLike[str]) -> Guess:
        """The answer for the picture `path`: its `label`, and the ranking of all categories.

        Raises UnreadableError where the picture cannot be read. It is decoded in this very process: for files from
        anybody use the commands, whose decoders may die of them.
        """
        picture = Path(path)
        (answer,) = guesses([find_named(picture)], self.model, ThreadDecoders())
        match answer:
            case Guess():
                return answer
            case Unreadable(reason=reason) | Failed(reason=reason):
                raise UnreadableError(f"{printable(picture)}: {reason}")
            case _:
                raise TypeError(answer)
