"""A model file, checked as a whole before the first picture is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import ModelError, PigeonholeError
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.images.views import canvas_of, ten_views
from pigeonhole.model.card import ModelCard
from pigeonhole.model.gates import Gates
from pigeonhole.model.session import Pace, device_of, open_session, pace_of, why_not_gpu
from pigeonhole.text import printable

if TYPE_CHECKING:
    import onnxruntime

INPUT = "pixels"
PROBABILITIES = "probabilities"
FEATURES = "features"
HEAT = "heat"  # only where the head can be asked at every place of the last maps
DISTANCE = "distance"  # only in models that can tell how far a picture is from those learnt from


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked. `unknown`: whether it may answer that. `tta`: ten views of each picture are averaged."""

    unknown: bool = True
    tta: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    card: ModelCard
    session: "onnxruntime.InferenceSession"
    gates: Gates | None
    asking: Asking

    @property
    def device(self) -> str:
        return device_of(self.session)

    @property
    def note(self) -> str:
        """A sentence for the user, empty where there is nothing to say."""
        return why_not_gpu(self.session)

    @property
    def pace(self) -> Pace:
        return pace_of(self.session)

    @property
    def preprocessing(self) -> Preprocessing:
        """How the pictures have to be decoded that `answers` takes."""
        return canvas_of(self.card.preprocessing) if self.asking.tta else self.card.preprocessing

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [N, S, S, 3] RGB, 0–255, with the S of the model file → float32 [N, C], each row sums to 1."""
        result: NDArray[np.float32] = self.session.run([PROBABILITIES], {INPUT: pixels})[0]
        return result

    def answers(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """uint8 [N, S, S, 3] → float32 [N, C] probabilities and [N] distances, None where it cannot tell any.

        S is the size of `self.preprocessing`. Over several views the probabilities are averaged; the distance is that
        of the plain one, for which the gate was set.
        """
        if not self.asking.tta:
            return self._run(pixels)
        views = ten_views(pixels, self.card.preprocessing.size)
        count = views.shape[1]
        rows, distances = zip(*(self._run(each) for each in views), strict=True)
        plain = None if distances[0] is None else np.stack(distances)[:, 0]
        return np.stack(rows).reshape(-1, count, len(self.card.labels)).mean(axis=1), plain

    def heat(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """uint8 [N, S, S, 3] → float32 [N, C, H, W]: how much each place speaks for each category.

        The mean over H and W is the logit less its bias. None where the model cannot tell.
        """
        if HEAT not in {output.name for output in self.session.get_outputs()}:
            return None
        result: NDArray[np.float32] = self.session.run([HEAT], {INPUT: pixels})[0]
        return result

    def _run(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        wanted = [PROBABILITIES] if self.gates is None or self.gates.max_distance is None else [PROBABILITIES, DISTANCE]
        count = len(pixels)
        if self.pace.fixed and count < self.pace.batch:
            pixels = np.concatenate([pixels, np.zeros((self.pace.batch - count, *pixels.shape[1:]), np.uint8)])
        probabilities, *distances = self.session.run(wanted, {INPUT: pixels})
        return probabilities[:count], distances[0][:count] if distances else None


def load_model(path: Path, asking: Asking | None = None) -> Model:
    """The model at `path`. Raises ModelError where there is none, or where the file is cut off or of another kind.

    The file is read once: one that is replaced later does not change a model in use.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"There is no model at {printable(path)}.") from None
    except OSError as error:
        raise ModelError(f"The model {printable(path)} cannot be read: {error.strerror}.", "") from None
    try:
        return read_model(data, asking)
    except ModelError as error:
        raise ModelError(f"The model {printable(path)} cannot be used: {error}", "") from None


def read_model(data: bytes, asking: Asking | None = None) -> Model:
    """The same from the bytes of a model file."""
    try:
        session = open_session(data)
    except PigeonholeError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise ModelError("it is cut off, or no ONNX file at all.") from error
    card = ModelCard.from_metadata(session.get_modelmeta().custom_metadata_map)
    asking = asking or Asking()
    gates = Gates.from_card(card.unknown) if card.unknown else None
    _check_shapes(session, card, gates)
    return Model(card, session, gates if asking.unknown else None, asking)


def _check_shapes(session: "onnxruntime.InferenceSession", card: ModelCard, gates: Gates | None) -> None:
    inputs = {tensor.name: (tensor.type, tensor.shape) for tensor in session.get_inputs()}
    outputs = {tensor.name: (tensor.type, tensor.shape) for tensor in session.get_outputs()}
    size = card.preprocessing.size
    kind, shape = inputs.get(INPUT, ("", []))
    if len(inputs) != 1 or kind != "tensor(uint8)" or shape[1:] != [size, size, 3]:
        raise ModelError(f"it does not take pictures of {size} × {size} pixels as its description says.")
    kind, shape = outputs.get(PROBABILITIES, ("", []))
    if FEATURES not in outputs or kind != "tensor(float)" or shape[1:] != [len(card.labels)]:
        raise ModelError(f"it does not answer with the {len(card.labels)} categories that its description names.")
    if gates and gates.max_distance is not None and DISTANCE not in outputs:
        raise ModelError("it cannot tell the distances that its rule for unknown pictures asks for.")
