"""When the answer is `unknown`: two thresholds that training chose on held-out pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pigeonhole.errors import ModelError
from pigeonhole.model.schema import number
from pigeonhole.text import score_text

MOST_DISTANCE = 1e6  # of any measure that a model may have


@dataclass(frozen=True, slots=True)
class RejectionRule:
    """`min_score` (0 to 1): below it, too many of the held-out answers were wrong.

    `max_distance` (0 to 2): how far, in the frozen network's features, a picture may be from the nearest training
    picture of its category; None where the model cannot tell.
    """

    min_score: float
    max_distance: float | None

    @classmethod
    def from_card(cls, unknown: Mapping[str, Any]) -> Self:
        """Raises ModelError where the entry is not what this version understands."""
        try:
            distance = unknown["max_distance"]
            return cls(
                number(unknown["min_score"], 0, 1, "the least score"),
                None if distance is None else number(distance, 0, MOST_DISTANCE, "the greatest distance"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"its rule for unknown pictures is damaged ({error}).") from error

    def why_unknown(self, score: float, distance: float | None) -> str:
        """Why an answer with this score, at this distance, is `unknown`; empty where it is accepted."""
        if score < self.min_score:
            return f"its score is below {score_text(self.min_score)}"
        if self.max_distance is not None and distance is not None and distance > self.max_distance:
            return "it is too different from the training pictures of that category"
        return ""
