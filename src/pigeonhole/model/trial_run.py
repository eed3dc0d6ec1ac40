"""The process that tries a model file out: it opens the file and has it answer one picture and four pictures."""

import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import ModelError
from pigeonhole.model import schema
from pigeonhole.model.card import ModelCard
from pigeonhole.model.rejection import RejectionRule
from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import DISTANCE, FEATURES, HEAT, PROBABILITIES, check_shapes

if TYPE_CHECKING:
    import onnxruntime

ROUNDING = 1e-2  # of probabilities, which add up to 1
UNOPENED = "it is cut off, or no ONNX file at all."
TOO_LARGE = "it needs too much memory."


def main(what: str, memory: int, seconds: int) -> None:
    """Read a model file that gives `what` (answers or features) from standard input and print what is wrong with it,
    nothing where it is well.
    """
    _bound(memory, seconds)
    onnx = sys.stdin.buffer.read()
    try:
        check_features(onnx) if what == "features" else check_answers(onnx)
    except ModelError as error:
        sys.stdout.write(error.happened)
    except MemoryError:
        sys.stdout.write(TOO_LARGE)
    sys.stdout.flush()
    os._exit(0)


def check_answers(onnx: bytes) -> None:
    """Raise ModelError where the model file `onnx` does not keep to its own description."""
    session = _opened(onnx)
    card = ModelCard.from_metadata(session.get_modelmeta().custom_metadata_map)
    rejection = RejectionRule.from_card(card.unknown) if card.unknown else None
    check_shapes(session, card, rejection)
    size = card.preprocessing.size
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), np.uint8)
    for pixels in (noise[:1], noise):
        _check(_run(session, pixels), len(pixels), len(card.labels))


def check_features(onnx: bytes) -> None:
    """Raise ModelError where the cached backbone `onnx` does not give each picture its features."""
    session = _opened(onnx)
    described = session.get_modelmeta().custom_metadata_map.get("preprocessing")
    if described is None:
        raise ModelError("it does not say which pictures it takes.")
    size = schema.preprocessing(schema.parsed(described)).size
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), np.uint8)
    for pixels in (noise[:1], noise):
        _check_each(_run(session, pixels), len(pixels))


def _opened(onnx: bytes) -> "onnxruntime.InferenceSession":
    try:
        return open_on_cpu(onnx)
    except ModelError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        raise ModelError(TOO_LARGE if _is_of_memory(error) else UNOPENED) from error


def _run(session: "onnxruntime.InferenceSession", pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    names = [output.name for output in session.get_outputs()]
    wanted = [name for name in (PROBABILITIES, FEATURES, DISTANCE, HEAT) if name in names]
    try:
        results = session.run(wanted, {session.get_inputs()[0].name: pixels})
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        what = TOO_LARGE if _is_of_memory(error) else f"it cannot be run on {len(pixels)} pictures at a time."
        raise ModelError(what) from error
    return dict(zip(wanted, results, strict=True))


def _check_each(answers: dict[str, NDArray[np.float32]], pictures: int) -> None:
    for name, values in answers.items():
        if not isinstance(values, np.ndarray) or values.ndim == 0 or len(values) != pictures:
            raise ModelError(f"it does not give one answer for each picture ({name}).")
        if not np.isfinite(values).all():
            raise ModelError(f"some of its answers are no numbers ({name}).")


def _check(answers: dict[str, NDArray[np.float32]], pictures: int, labels: int) -> None:
    _check_each(answers, pictures)
    probabilities = answers[PROBABILITIES]
    if probabilities.shape != (pictures, labels):
        raise ModelError(f"it does not answer with the {labels} categories that its description names.")
    if probabilities.min() < -ROUNDING or np.abs(probabilities.sum(axis=1) - 1).max() > ROUNDING:
        raise ModelError("its scores are no probabilities: they do not add up to 1.")


def _is_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return any(words in text for words in ("allocate", "bad_alloc", "memory"))


def _bound(memory: int, seconds: int) -> None:
    """No more than `memory` bytes and `seconds` of processor time for this process; how it ends tells the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_CORE, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # what onnxruntime says speaks to developers


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
