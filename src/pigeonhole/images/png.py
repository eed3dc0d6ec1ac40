"""Plain PNGs by libspng, which undoes their filters twice as quickly as Pillow and gives the same pixels."""

import pyspng
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

MOST_PIXELS = 24_000_000  # the pixels exist twice for a moment
REMARKS = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")  # each may say how the camera was held


def plain_png(data: bytes, picture: PngImageFile) -> Image.Image | None:
    """The pixels of a whole file `data`, upright; None where Pillow, which opened it as `picture`, has to.

    That is a file with anything but eight bits of RGB, with or without alpha, one that may be turned, and one that
    libspng finds fault with: Pillow shall say what it is, and whether that is a reason to refuse it.
    """
    layout = picture.tile[0].args if picture.tile else None
    if layout not in ("RGB", "RGBA") or "transparency" in picture.info or picture.width * picture.height > MOST_PIXELS:
        return None
    if any(remark in data for remark in REMARKS):
        return None
    try:
        return Image.fromarray(pyspng.load(data, layout))
    except RuntimeError:  # its only exception
        return None
