"""A model file, checked as a whole before the first picture is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import ModelError, PigeonholeError, UnreadableError
from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.faces.opencv import check_opencv
from pigeonhole.files import read_at_most
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.images.views import canvas_of, ten_views
from pigeonhole.model.card import ModelCard
from pigeonhole.model.network import Network
from pigeonhole.model.rejection import RejectionRule
from pigeonhole.model.session import BatchPlan
from pigeonhole.model.tensors import DISTANCE, HEAT, PROBABILITIES, check_shapes
from pigeonhole.model.trial import try_out
from pigeonhole.text import printable

MAX_BYTES = 2**31  # no ONNX file without others beside it
CASCADE_ALONE = (
    "animeface, which helps to find drawn faces, is not installed here: faces may be missed or cut otherwise than in"
    " training. `faces` installs it."
)


@dataclass(frozen=True, slots=True)
class InferenceOptions:
    """`unknown`: whether the model may answer that. `tta`: the average over ten views of each picture is its answer."""

    unknown: bool = True
    tta: bool = False


class Answers(NamedTuple):
    """float32 [N, C] probabilities and float32 [N] distances, None where the model cannot tell any."""

    probabilities: NDArray[np.float32]
    distances: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Model:
    card: ModelCard
    network: Network
    rejection: RejectionRule | None
    options: InferenceOptions
    remark: str = ""  # on what is missing here

    @property
    def device(self) -> str:
        """`GPU` or `CPU`, which may change while the model works: see `note`."""
        return self.network.device

    @property
    def note(self) -> str:
        """What the user should know, empty where there is nothing to say."""
        return " ".join(filter(None, (self.network.note, self.remark)))

    @property
    def batch_plan(self) -> BatchPlan:
        return self.network.batch_plan

    @property
    def preprocessing(self) -> Preprocessing:
        """How the pictures have to be decoded that `answers` takes."""
        return canvas_of(self.card.preprocessing) if self.options.tta else self.card.preprocessing

    @property
    def has_heat(self) -> bool:
        """Whether it can tell how much each place of a picture speaks for a category."""
        return HEAT in {output.name for output in self.network.session.get_outputs()}

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [N, S, S, 3] RGB, 0–255, with the S of the model file → float32 [N, C], each row sums to 1."""
        return self._run((PROBABILITIES,), pixels)[0]

    def answers(self, pixels: NDArray[np.uint8]) -> Answers:
        """For uint8 [N, S, S, 3], where S is the size of `self.preprocessing`.

        Over several views the probabilities are averaged; the distance is that of the plain view, for which its
        threshold was chosen.
        """
        return self._answers(pixels, [])[0]

    def answers_with_heat(self, pixels: NDArray[np.uint8]) -> tuple[Answers, NDArray[np.float32]]:
        """The same, and the heat of the plain view, as of `heat`, from the same run. Only where it `has_heat`."""
        answers, (heat,) = self._answers(pixels, [HEAT])
        return answers, heat

    def heat(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """uint8 [N, S, S, 3] → float32 [N, C, H, W]: how much each place speaks for each category.

        The mean over H and W is the logit less its bias. None where the model cannot tell.
        """
        return self.network.run((HEAT,), pixels)[0] if self.has_heat else None

    def plain_view(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the model sees without `tta` of the pixels that `answers` takes: uint8 [N, S, S, 3]."""
        return self._views(pixels)[0]

    def _answers(self, pixels: NDArray[np.uint8], more: list[str]) -> tuple[Answers, list[NDArray[np.float32]]]:
        """The answers, and the outputs `more` of the plain view."""
        gated = self.rejection is not None and self.rejection.max_distance is not None
        wanted = [PROBABILITIES, DISTANCE] if gated else [PROBABILITIES]
        plain, *others = self._views(pixels)
        first, *results = self._run((*wanted, *more), plain)
        probabilities = np.mean([first, *(self.probabilities(view) for view in others)], axis=0) if others else first
        return Answers(probabilities, results.pop(0) if gated else None), results

    def _run(self, outputs: tuple[str, ...], pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Raises ModelError where the model does not answer each of these pictures, although it did when tried out."""
        try:
            results = self.network.run(outputs, pixels)
        except Exception as error:  # onnxruntime's exceptions have no base of their own
            raise ModelError("The model cannot be run on these pictures.") from error
        if any(len(values) != len(pixels) for values in results):
            raise ModelError("The model does not give one answer for each picture.")
        return results

    def _views(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """What the model is run on, the plain view first: one array of [N, S, S, 3], or ten of them."""
        return list(ten_views(pixels, self.card.preprocessing.size).swapaxes(0, 1)) if self.options.tta else [pixels]


def load_model(path: Path, options: InferenceOptions | None = None) -> Model:
    """The model at `path`, tried out once per file (see trial.py). Raises ModelError where there is none, or where the
    file is cut off, of another kind, or does not answer as it should.

    The file is read once: one that is replaced later does not change a model in use.
    """
    return model_of(model_bytes(path), path, options)


def model_bytes(path: Path) -> bytes:
    """The file at `path`, which nobody has looked at yet. Raises ModelError where there is none, or none that ends."""
    try:
        return read_at_most(path, MAX_BYTES)
    except FileNotFoundError:
        raise ModelError(f"There is no model at {printable(path)}.") from None
    except OSError as error:
        raise ModelError(f"The model {printable(path)} cannot be read: {error.strerror}.", "") from None
    except UnreadableError as error:
        raise ModelError(f"The model {printable(path)} cannot be read: {error}.", "") from None


def model_of(data: bytes, path: Path, options: InferenceOptions | None = None) -> Model:
    """The model that `data` is, the bytes of the file at `path`. Raises ModelError where it cannot be used."""
    try:
        try_out(data)
        return read_model(data, options)
    except ModelError as error:
        raise ModelError(f"The model {printable(path)} cannot be used: {error}", "") from None


def read_model(data: bytes, options: InferenceOptions | None = None, *, exact: bool = False) -> Model:
    """The same from the bytes of a model file; `exact`: in float32 also on a GPU."""
    try:
        network = Network(data, exact=exact)
    except PigeonholeError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise ModelError("it is cut off, or no ONNX file at all.") from error
    card = ModelCard.from_metadata(network.session.get_modelmeta().custom_metadata_map)
    if card.preprocessing.face:
        check_opencv("This model")
    options = options or InferenceOptions()
    rejection = RejectionRule.from_card(card.unknown) if card.unknown else None
    check_shapes(network.session, card, rejection)
    alone = card.preprocessing.face == "drawn" and animeface_if_there() is None
    return Model(card, network, rejection if options.unknown else None, options, CASCADE_ALONE if alone else "")
