"""Bytes of a file → the square of pixels that a model takes. The only preprocessing in the house.

It does not know which bytes a format needs to be complete: that is the business of `formats`.
"""

from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.images.read import MAX_PIXELS, to_square, upright_size

__all__ = ["MAX_PIXELS", "Preprocessing", "to_square", "upright_size"]
