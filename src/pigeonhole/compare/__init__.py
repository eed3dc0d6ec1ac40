"""Several recipes and backbones on the same pictures and the same split."""

from pigeonhole.compare.entry import Entry
from pigeonhole.compare.run import compare

__all__ = ["Entry", "compare"]
