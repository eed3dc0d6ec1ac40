"""Whether all pixels of a file are there, as far as its decoder would not notice, and whether it has its end.

Pillow refuses most files that are cut off, but it looks no further than the first frame and overlooks missing bytes of
a GIF. Some copying programs make a file in its full length and fill it from the front: what they have not written yet
is zeros, which WebP, AVIF and HEIC decoders take for pixels.
"""

from collections.abc import Callable

from PIL import ImageFile, TiffImagePlugin

from pigeonhole.formats import boxes, gif, jpeg, png, webp
from pigeonhole.formats.signature import kind_of

CUT_OFF = "it is cut off: the end of the {} is missing"
UNFILLED = "it is not complete: the end of the {} is empty"

_STRIPS, _TILES = (273, 279), (324, 325)  # the TIFF tags of offsets and of lengths


def missing_part(kind: str, data: bytes, picture: ImageFile.ImageFile) -> str | None:
    """What is missing of the pixels in `data`, of which Pillow opened `picture` (not yet loaded); None if all is there.

    A file without the mark of its end, or with half a remark behind its pixels, is complete in this sense.
    """
    check = _CHECKS.get(kind)
    problem = check(data, picture) if check else None
    return problem.format(kind) if problem else None


def has_end(data: bytes) -> bool:
    """Whether a file ends as files of its format do, as far as that can be told. If not, it may still be written to."""
    match kind_of(data):
        case "JPEG":
            return jpeg.has_end(data)
        case "PNG":
            return any(chunk.kind == b"IEND" for chunk in png.chunks(data))
        case "GIF":
            return gif.end_of(data).has_last_block
        case "WebP":
            return len(data) >= webp.stated_length(data)
        case "AVIF" | "HEIC":
            return all(box.end <= len(data) for box in boxes.boxes(data) if box.kind in boxes.TOP)
        case _:
            return True


def _gif(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    return None if gif.end_of(data).may_have_all_pixels else CUT_OFF


def _bmp(data: bytes, picture: ImageFile.ImageFile) -> str | None:
    decoder, _, offset, arguments = picture.tile[0]
    if decoder != "raw" or not isinstance(arguments, tuple):  # run lengths: only the decoder knows where they end
        return None
    return None if len(data) >= offset + arguments[1] * picture.height else CUT_OFF


def _tiff(data: bytes, picture: ImageFile.ImageFile) -> str | None:
    """Only for compressed ones, where libtiff would notice too, but print about it; others may state false lengths."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile) or picture.info.get("compression") == "raw":
        return None
    for offsets, lengths in (_STRIPS, _TILES):
        pairs = zip(picture.tag_v2.get(offsets, ()), picture.tag_v2.get(lengths, ()), strict=False)
        if any(offset + length > len(data) for offset, length in pairs):
            return CUT_OFF
    return None


def _webp(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    pixels = webp.pixel_chunks(data)
    if not pixels or pixels[-1].end > len(data):
        return CUT_OFF
    if any(chunk.kind == bytes(4) for chunk in webp.chunks(data)):
        return UNFILLED
    return UNFILLED if any(_is_unfilled(data, chunk.start, chunk.end) for chunk in (pixels[0], pixels[-1])) else None


def _boxes(data: bytes, _picture: ImageFile.ImageFile) -> str | None:
    outer = [box for box in boxes.boxes(data) if box.kind in (b"mdat", b"moov")]
    places = boxes.items_of(data).pixels
    if not places or any(box.kind == b"moov" for box in outer):  # the frames of a film are no items
        places = [boxes.Extent(box.start, box.end) for box in outer if box.kind == b"mdat"]
    if any(place.end > len(data) for place in places):
        return CUT_OFF
    return UNFILLED if places and _is_unfilled(data, *max(places, key=lambda place: place.end)) else None


def _is_unfilled(data: bytes, start: int, end: int) -> bool:
    """Whether the last quarter of a piece of coded pixels is zeros, which no coder writes."""
    last = (end - start) // 4
    return last > 0 and data.count(0, end - last, end) == last


_CHECKS: dict[str, Callable[[bytes, ImageFile.ImageFile], str | None]] = {
    "GIF": _gif,
    "BMP": _bmp,
    "TIFF": _tiff,
    "WebP": _webp,
    "AVIF": _boxes,
    "HEIC": _boxes,
}
