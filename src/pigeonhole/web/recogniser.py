"""Answers for single pictures, from the model that stands in TF_FILES now."""

import threading
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UnreadableError
from pigeonhole.images.heatmap import heat_layer, hot_places, hottest_place
from pigeonhole.labelling.pictures import Picture
from pigeonhole.model import Model, load_model
from pigeonhole.records import Guess, Identity
from pigeonhole.stream import GuessWithHeat, guess_with_heat, guesses
from pigeonhole.text import printable
from pigeonhole.web.faces import Faces, faces_of
from pigeonhole.web.shrink import MEASURE, Measuring


@dataclass(frozen=True, slots=True)
class Heat:
    """`layer` is a PNG to lay over the whole picture; `most` says where most speaks for `category`."""

    layer: bytes
    category: str
    most: str


class Recogniser:
    """Threads may share it; one picture at a time is looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._decoders = DecoderPool(1)
        self._measuring = DecoderPool(1, decoder=MEASURE)
        self._loaded: tuple[Identity, Model] | None = None

    def close(self) -> None:
        self._decoders.close()
        self._measuring.close()

    def labels(self) -> tuple[str, ...]:
        """The categories that the model knows; none where there is no model. Raises ModelError where it is damaged."""
        with self._lock:
            return self._model().card.labels if self._path.exists() else ()

    def guess(self, picture: Picture) -> Guess:
        """Raises ModelError where there is no model that can be used, UnreadableError where the picture cannot be."""
        with self._lock:
            (answer,) = guesses([picture.found], self._model(), self._decoders)
        if not isinstance(answer, Guess):
            raise UnreadableError(f"{printable(picture.path.name)}: {answer.reason}.")
        picture.sha256 = answer.sha256
        return answer

    def has_heat(self) -> bool:
        with self._lock:
            return self._model().has_heat

    def faces(self, picture: Picture) -> Faces:
        """Who is on the picture. Raises as `guess`, and UsageError where what finds faces is not installed."""
        with self._lock:
            return faces_of(picture, self._model())

    def looks_at_faces(self) -> bool:
        """Whether the model was trained on faces."""
        with self._lock:
            return self._model().card.preprocessing.face is not None

    def heat(self, picture: Picture) -> Heat:
        """Which places speak for the best category. Raises as `guess`."""
        with self._lock:
            model = self._model()
            answer = guess_with_heat(picture.found, model, self._decoders)
            (measured,) = self._measuring.make([picture.found], Measuring())
        if not isinstance(answer, GuessWithHeat):
            raise UnreadableError(f"{printable(picture.path.name)}: {answer.reason}.")
        if not isinstance(measured, Made):
            raise UnreadableError(f"{printable(picture.path.name)}: {measured.reason}.")
        face = answer.guess.face.box if answer.guess.face else None
        hot = hot_places(answer.heat, measured.value, model.card.preprocessing, face)
        return Heat(heat_layer(hot), answer.guess.category, hottest_place(hot))

    def _model(self) -> Model:
        """Loaded anew when training has written another."""
        identity = Identity.of(self._path.stat()) if self._path.exists() else None
        if self._loaded is None or self._loaded[0] != identity:
            model = load_model(self._path)
            if identity is None:  # written in this very moment
                return model
            self._loaded = identity, model
        return self._loaded[1]
