"""Pixels → the bytes of a new picture that remembers what it was made from."""

from io import BytesIO
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pigeonhole.dataset.origins import mark_of, marked_in

JPEG_SUFFIXES = frozenset((".jpg", ".jpeg", ".jpe", ".jfif"))
QUALITY = 95  # of a picture that will be cut and scaled again


def suffix_for(name: PurePath) -> str:
    """JPEGs stay JPEGs, with the suffix that they have; everything else becomes PNG, which loses nothing."""
    suffix = name.suffix
    return suffix if suffix.lower() in JPEG_SUFFIXES or suffix.lower() == ".png" else ".png"


def encoded(pixels: NDArray[np.uint8], suffix: str, source: bytes, sha256: str) -> bytes:
    """uint8 [H, W, 3] RGB as a file of this suffix, made from `source` (a whole file) with the digest `sha256`.

    It keeps the colour profile of `source`, and names it as what it was made from, or what that was made from itself.
    """
    buffer = BytesIO()
    known = marked_in(source)
    comment = mark_of(known or sha256)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    profile = _colour_profile(source)
    if suffix.lower() in JPEG_SUFFIXES:
        picture.save(buffer, "JPEG", quality=QUALITY, subsampling=0, comment=comment, icc_profile=profile)
    else:
        text = PngInfo()
        text.add_text("Comment", comment)
        picture.save(buffer, "PNG", pnginfo=text, icc_profile=profile)
    return buffer.getvalue()


def _colour_profile(source: bytes) -> bytes | None:
    try:
        with Image.open(BytesIO(source)) as picture:
            profile = picture.info.get("icc_profile") if picture.mode == "RGB" else None
    except Exception:  # its pixels could be read all the same
        return None
    return profile if isinstance(profile, bytes) else None
