"""The model in use, and the one that has been published since."""

import time
from collections.abc import Callable
from pathlib import Path

from pigeonhole.errors import PigeonholeError
from pigeonhole.inbox.stability import StabilityTracker
from pigeonhole.model import InferenceOptions, Model, load_model
from pigeonhole.records import Identity
from pigeonhole.text import printable

STAYS = "The one that was loaded before stays in use."


class ModelReloader:
    """`model` is what to use, `trouble` what is wrong with its file, empty for nothing.

    Raises ModelError where there is no usable model to begin with.
    """

    def __init__(
        self,
        path: Path,
        settle: float,
        options: InferenceOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trouble = ""
        self._path = path
        self._options = options
        self._clock = clock
        self._stability = StabilityTracker(settle)
        self._seen = _identity(path)
        self.model: Model = load_model(path, options)

    def check(self) -> str | None:
        """Load what has been published, once it is complete. The result is a sentence when a new model is in use.

        A file that cannot be used leaves the model as it is, and is not tried again until it changes.
        """
        identity = _identity(self._path)
        if identity is None:
            self._seen = None
            self.trouble = f"The model {printable(self._path)} has gone. {STAYS}"
            return None
        if identity == self._seen or not self._stability.is_stable(self._path, identity, self._clock()):
            return None
        self._stability.forget(self._path)
        self._seen = identity
        try:
            self.model = load_model(self._path, self._options)
        except PigeonholeError as error:
            self.trouble = f"{error} {STAYS}"
            return None
        self.trouble = ""
        return f"A new model has been published and is in use now: {printable(self._path)}."


def _identity(path: Path) -> Identity | None:
    try:
        return Identity.of(path.stat())
    except OSError:
        return None
