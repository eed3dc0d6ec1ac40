"""How long and on how large pictures a network is fine-tuned."""

from dataclasses import dataclass

SMALL_SET = 2000  # pictures, below which steps are small and the statistics of batch norm stay those of the backbone
SMALLER = 5 / 7  # the edge of the pictures in the first half of the epochs, in larger sets


@dataclass(frozen=True, slots=True)
class Plan:
    """`sizes` has the edge of the pictures in each epoch, growing; `batch` is that of all processes together.

    `stop_after` is the epoch, from 0, after which to stop in the middle of the cycle; None: when it gets no better.
    """

    sizes: tuple[int, ...]
    batch: int
    freeze_statistics: bool
    stop_after: int | None = None

    @property
    def epochs(self) -> int:
        return len(self.sizes)


def plan_for(pictures: int, size: int) -> Plan:
    """How to fine-tune on so many pictures for a network that sees `size` pixels.

    With few pictures every epoch has few steps, so there are more of them. With many, the first half sees smaller
    pictures, which takes half the time (decision 0142).
    """
    epochs = min(10, max(4, round(4000 / pictures)))
    if pictures < SMALL_SET:
        return Plan((size,) * epochs, batch=16, freeze_statistics=True)
    small = max(32, round(size * SMALLER / 32) * 32)
    sizes = [small] * (epochs // 2) + [size] * (epochs - epochs // 2)
    return Plan(tuple(sizes), batch=32, freeze_statistics=False)
