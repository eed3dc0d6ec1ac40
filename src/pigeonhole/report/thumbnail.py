"""A small copy of a picture that can stand in a page."""

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image

from pigeonhole.errors import UnreadableError
from pigeonhole.files import read
from pigeonhole.images import Preprocessing, to_square, upright_size

WHOLE = Preprocessing(size=128, fraction=1.0, crop="letterbox")


def thumbnail(path: Path) -> str:
    """A data address of a JPEG of at most 128 × 128 pixels; empty where the picture cannot be read any more."""
    try:
        data, _ = read(path)
        pixels = to_square(data, WHOLE)
        width, height = WHOLE.seen(*upright_size(data))
    except (UnreadableError, OSError):
        return ""
    left, top = (WHOLE.size - width) // 2, (WHOLE.size - height) // 2
    buffer = BytesIO()
    Image.fromarray(pixels[top : top + height, left : left + width]).save(buffer, "JPEG", quality=80)
    return address(buffer.getvalue(), "image/jpeg")


def address(data: bytes, kind: str) -> str:
    """`data` as an address that needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
