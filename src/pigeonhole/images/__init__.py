"""Bytes of a file → the square of pixels that a model takes. The only preprocessing in the house."""

from pigeonhole.images.complete import has_end
from pigeonhole.images.preprocessing import Preprocessing
from pigeonhole.images.read import MAX_PIXELS, to_square, upright_size
from pigeonhole.images.signature import looks_like_picture

__all__ = ["MAX_PIXELS", "Preprocessing", "has_end", "looks_like_picture", "to_square", "upright_size"]
