"""What int8 gained and what it cost, measured; and whether that is a good trade."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pigeonhole.errors import NotInt8Error
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.onnx_graph.throughput import Rates

FASTER = 1.25  # times: below that, the few answers that change are not worth it
SAME = 0.99  # of the answers to held-out pictures


@dataclass(frozen=True, slots=True)
class Trial:
    """`same` of `total` answers to held-out pictures are what they were; `right_before` and `right_after` are right.

    Both networks have heads of their own, which were not trained on these pictures.
    """

    rates: Rates
    same: int
    total: int
    right_before: int
    right_after: int

    @classmethod
    def of(cls, rates: Rates, before: OutOfFold, after: OutOfFold, targets: NDArray[np.int64]) -> "Trial":
        """`before` and `after` are of the same rows; `targets` [N] are of all examples."""
        said, says, truth = before.logits.argmax(axis=1), after.logits.argmax(axis=1), targets[before.rows]
        return cls(rates, int((said == says).sum()), len(said), int((said == truth).sum()), int((says == truth).sum()))

    @property
    def sentence(self) -> str:
        return f"int8: {self.rates.sentence}; {self._agreement}."

    @property
    def _agreement(self) -> str:
        return (
            f"of {self.total} answers to pictures held out {self.same} stay the same"
            f" ({100 * self.same / self.total:.1f} %), {self.right_after} are right instead of {self.right_before}"
        )

    def check_agreement(self) -> None:
        """Raise NotInt8Error where too many answers change."""
        if self.same < SAME * self.total:
            raise NotInt8Error(f"int8 changes too much: {self._agreement}; {100 * SAME:.0f} % would have to stay.")

    def as_metadata(self) -> dict[str, Any]:
        return asdict(self)


def check_speed(rates: Rates, backbone: str) -> None:
    """Raise NotInt8Error where int8 does not pay."""
    if rates.times < FASTER:
        raise NotInt8Error(
            f"int8 does not pay for {backbone}: {rates.sentence}; {FASTER} times as many would be worth it."
        )
