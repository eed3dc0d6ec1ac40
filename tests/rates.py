"""How fast int8 is, whatever this machine does."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pigeonhole.onnx_graph.throughput import Rates
from pigeonhole.recipes import int8_probe


@contextmanager
def measured(after: float) -> Iterator[None]:
    """int8 is so many pictures a second, float32 100, as far as training is told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8_probe, "rates", lambda *_: Rates(100, after, "CPU"))
        yield
