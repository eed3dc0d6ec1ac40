"""A model file, checked as a whole before the first picture is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import ModelError, PigeonholeError
from pigeonhole.model.card import ModelCard
from pigeonhole.model.session import device_of, open_session
from pigeonhole.naming import shown

if TYPE_CHECKING:
    import onnxruntime

INPUT = "pixels"
PROBABILITIES = "probabilities"
FEATURES = "features"


@dataclass(frozen=True, slots=True)
class Model:
    card: ModelCard
    session: "onnxruntime.InferenceSession"

    @property
    def device(self) -> str:
        return device_of(self.session)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [N, S, S, 3] RGB, 0–255 → float32 [N, C], each row sums to 1."""
        result: NDArray[np.float32] = self.session.run([PROBABILITIES], {INPUT: pixels})[0]
        return result


def load_model(path: Path) -> Model:
    """The model at `path`. Raises ModelError where there is none, or where the file is cut off or of another kind.

    The file is read once: one that is replaced later does not change a model in use.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"There is no model at {shown(path)}.") from None
    except OSError as error:
        raise ModelError(f"The model {shown(path)} cannot be read: {error.strerror}.", "") from None
    try:
        return read_model(data)
    except ModelError as error:
        raise ModelError(f"The model {shown(path)} cannot be used: {error}", "") from None


def read_model(data: bytes) -> Model:
    """The same from the bytes of a model file."""
    try:
        session = open_session(data)
    except PigeonholeError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise ModelError("it is cut off, or no ONNX file at all.") from error
    card = ModelCard.from_metadata(session.get_modelmeta().custom_metadata_map)
    _check_shapes(session, card)
    return Model(card, session)


def _check_shapes(session: "onnxruntime.InferenceSession", card: ModelCard) -> None:
    inputs = {tensor.name: (tensor.type, tensor.shape) for tensor in session.get_inputs()}
    outputs = {tensor.name: (tensor.type, tensor.shape) for tensor in session.get_outputs()}
    size = card.preprocessing.size
    kind, shape = inputs.get(INPUT, ("", []))
    if len(inputs) != 1 or kind != "tensor(uint8)" or shape[1:] != [size, size, 3]:
        raise ModelError(f"it does not take pictures of {size} × {size} pixels as its description says.")
    kind, shape = outputs.get(PROBABILITIES, ("", []))
    if FEATURES not in outputs or kind != "tensor(float)" or shape[1:] != [len(card.labels)]:
        raise ModelError(f"it does not answer with the {len(card.labels)} categories that its description names.")
