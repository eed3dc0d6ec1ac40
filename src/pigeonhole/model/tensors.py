"""What goes into a model file's graph and comes out of it, and whether a file keeps to that."""

from typing import TYPE_CHECKING

from pigeonhole.errors import ModelError
from pigeonhole.model.card import ModelCard
from pigeonhole.model.rejection import RejectionRule

if TYPE_CHECKING:
    import onnxruntime

INPUT = "pixels"
PROBABILITIES = "probabilities"
FEATURES = "features"
HEAT = "heat"  # only where the head can be asked at every place of the last maps
DISTANCE = "distance"  # only in models that can tell how far a picture is from those learnt from


def check_shapes(session: "onnxruntime.InferenceSession", card: ModelCard, rejection: RejectionRule | None) -> None:
    """Raise ModelError where the graph declares other inputs and outputs than `card` speaks of."""
    inputs = {tensor.name: (tensor.type, tensor.shape) for tensor in session.get_inputs()}
    outputs = {tensor.name: (tensor.type, tensor.shape) for tensor in session.get_outputs()}
    size = card.preprocessing.size
    kind, shape = inputs.get(INPUT, ("", []))
    if len(inputs) != 1 or kind != "tensor(uint8)" or shape[1:] != [size, size, 3]:
        raise ModelError(f"it does not take pictures of {size} × {size} pixels as its description says.")
    kind, shape = outputs.get(PROBABILITIES, ("", []))
    if FEATURES not in outputs or kind != "tensor(float)" or shape[1:] != [len(card.labels)]:
        raise ModelError(f"it does not answer with the {len(card.labels)} categories that its description names.")
    if rejection and rejection.max_distance is not None and DISTANCE not in outputs:
        raise ModelError("it cannot tell the distances that its rule for unknown pictures asks for.")
