"""What the entries of a model file's description may be: a file from a stranger may say anything."""

import json
import math
from typing import Any, get_args

from pigeonhole.images.preprocessing import Crop, Detector, Interpolation, Preprocessing

MOST_TEXT = 16 * 1024**2  # characters of one entry
MOST_LABELS = 100_000
MOST_LABEL_BYTES = 255  # a label is the name of a folder
SIZES = range(8, 4097)  # pixels
ROUNDING = 1e-3


def parsed(text: str) -> Any:
    """The JSON value `text`. Raises ValueError where it is none, is nested too deep or too long."""
    if len(text) > MOST_TEXT:
        raise ValueError(f"an entry has {len(text)} characters")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("an entry is nested too deep") from None


def labels(value: Any) -> tuple[str, ...]:
    """Raises ValueError where `value` is no list of different names."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_LABELS:
        raise ValueError("its labels are no list of names")
    for label in value:
        if not isinstance(label, str) or not label:
            raise ValueError("one of its labels is no name")
        if len(label) > MOST_LABEL_BYTES or len(label.encode("utf-8", "surrogatepass")) > MOST_LABEL_BYTES:
            raise ValueError(f"one of its labels is longer than {MOST_LABEL_BYTES} bytes")
    if len(set(value)) < len(value):
        raise ValueError("two of its labels are the same")
    return tuple(value)


def preprocessing(value: Any) -> Preprocessing:
    """Raises ValueError where `value` does not say how a picture is to be looked at."""
    result = Preprocessing(**_mapping(value, "preprocessing"))
    if type(result.size) is not int or result.size not in SIZES:
        raise ValueError(f"the size of its pictures is not a whole number from {SIZES[0]} to {SIZES[-1]}")
    if not (_is_number(result.fraction) and 0.05 <= result.fraction <= 1):
        raise ValueError("the fraction that it crops is not a number from 0.05 to 1")
    if result.interpolation not in get_args(Interpolation):
        raise ValueError("its interpolation is not known")
    if result.crop not in get_args(Crop) or (result.crop != "centre" and result.fraction != 1):
        raise ValueError("its crop is not known")
    if result.face is not None and result.face not in get_args(Detector):
        raise ValueError("its detector of faces is not known")
    return result


def check(values: dict[str, Any]) -> None:
    """Raise ValueError where one of the other entries is of another kind than it should be."""
    for name in ("recipe", "training_set", "version", "created"):
        if not isinstance(values[name], str):
            raise ValueError(f"{name} is no text")  # noqa: TRY004 - it comes from a file
    for name in ("backbone", "metrics"):
        _mapping(values[name], name)
    for name in ("unknown", "int8"):
        if values.get(name) is not None:
            _mapping(values[name], name)
    if not (_is_number(values["temperature"]) and values["temperature"] > 0):
        raise ValueError("its temperature is no number above 0")


def number(value: Any, low: float, high: float, what: str) -> float:
    """`value` where it is a number from `low` to `high`, up to rounding. Raises ValueError, which calls it `what`."""
    if not (_is_number(value) and low - ROUNDING <= value <= high + ROUNDING):
        raise ValueError(f"{what} is not a number from {low:g} to {high:g}")
    return float(value)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a list of names and values")  # noqa: TRY004 - it comes from a file
    return value


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
