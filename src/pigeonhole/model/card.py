"""What a model file says about itself: each field is one entry of the ONNX metadata, a JSON string."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Self

from pigeonhole.errors import ModelError
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.model import schema
from pigeonhole.text import printable

SCHEMA = 1
MOST_SHOWN = 200  # characters of what a stranger's file makes Python say


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything beside the network that is needed to use a model and to know where it came from.

    `labels` in the order of the output; `backbone` its name, where its weights came from and their SHA-256;
    `temperature` is already applied in the graph; `unknown` the rule for rejecting, None for none; `metrics` the
    accuracy with its split; `training_set` a digest of all training pictures with their labels; `version` of the tool;
    `created` in ISO 8601, UTC; `int8` what that gained where the network is in int8, None where it is in float32.
    """

    labels: tuple[str, ...]
    preprocessing: Preprocessing
    recipe: str
    backbone: dict[str, Any]
    temperature: float
    unknown: dict[str, Any] | None
    metrics: dict[str, Any]
    training_set: str
    version: str
    created: str
    int8: dict[str, Any] | None = None
    schema: int = SCHEMA  # the last one, and never missing: a file that is cut off before it is none

    def to_metadata(self) -> dict[str, str]:
        return {name: json.dumps(value) for name, value in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """Raises ModelError where an entry is missing or is not what this version understands."""
        if "schema" not in metadata or "labels" not in metadata:
            raise ModelError("it is an ONNX file, but not one of pigeonhole's: it names no labels.")
        try:
            # An entry that came later is missing from older files, which are what they were.
            present = [each.name for each in fields(cls) if each.name in metadata or each.default is MISSING]
            values = {name: schema.parsed(metadata[name]) for name in present}
            if values["schema"] != SCHEMA:
                raise ModelError(
                    f"it is of schema {values['schema']!s:.20}, and this version reads schema {SCHEMA}.",
                    "Train it again, or use the version of pigeonhole that made it.",
                )
            schema.check(values)
            preprocessing = schema.preprocessing(values.pop("preprocessing"))
            return cls(labels=schema.labels(values.pop("labels")), preprocessing=preprocessing, **values)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"its description is damaged ({printable(str(error))[:MOST_SHOWN]}).") from error
