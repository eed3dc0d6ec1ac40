"""model.onnx: refused where it is damaged or foreign, and usable by anyone's onnxruntime."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from models import LABELS, SIZE, card, colour_model
from pigeonhole.errors import ModelError
from pigeonhole.model import ModelCard, load_model
from pigeonhole.model.load import read_model


def edited(**metadata: str | None) -> bytes:
    """The colour model with other metadata; None takes an entry away."""
    model = onnx.load_model_from_string(colour_model())
    entries = {**card().to_metadata(), **metadata}
    helper.set_model_props(model, {key: value for key, value in entries.items() if value is not None})
    data: bytes = model.SerializeToString()
    return data


def test_it_answers_probabilities() -> None:
    pixels = np.zeros((2, SIZE, SIZE, 3), np.uint8)
    pixels[0, ..., 0] = 255
    pixels[1, ..., 2] = 255
    probabilities = read_model(colour_model()).probabilities(pixels)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert [LABELS[index] for index in probabilities.argmax(axis=1)] == ["red_things", "blue_things"]


def test_a_model_cut_off_anywhere_is_refused() -> None:
    whole = colour_model()
    for length in range(0, len(whole), 7):
        with pytest.raises(ModelError):
            read_model(whole[:length])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "cut off, or no ONNX file"),
        (b"\x89PNG\r\n\x1a\n" * 50, "cut off, or no ONNX file"),
        (edited(schema=None), "not one of pigeonhole's"),
        (edited(labels=None), "not one of pigeonhole's"),
        (edited(schema="99"), "schema 99, and this version reads schema 1"),
        (edited(labels='["one", "two"]'), "does not answer with the 2 categories"),
        (edited(preprocessing='{"size": 64}'), "does not take pictures of 64"),
        (edited(preprocessing='{"size": "large"}'), "the size of its pictures is not a whole number"),
        (edited(preprocessing="{"), "its description is damaged"),
        (edited(temperature=None), "its description is damaged"),
    ],
)
def test_a_foreign_model_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        read_model(data)


def test_the_file_is_named_in_the_refusal(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"model\.onnx cannot be used: it is cut off"):
        load_model(tmp_path / "model.onnx")


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(tmp_path / "model.onnx")


def test_the_card_survives_the_file() -> None:
    assert ModelCard.from_metadata(card().to_metadata()) == card()
    assert read_model(colour_model()).card == card()


def test_a_model_in_use_stays_the_one_it_started_with(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(colour_model())
    model = load_model(path)
    path.write_bytes(b"torn")
    assert model.probabilities(np.zeros((1, SIZE, SIZE, 3), np.uint8)).shape == (1, 3)


def test_a_file_from_before_int8_is_in_float32() -> None:
    metadata = card().to_metadata()
    del metadata["int8"]
    assert ModelCard.from_metadata(metadata) == card()
