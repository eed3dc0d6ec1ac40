"""A picture as its file holds it: opened by the decoder of its format, and decoded when its turn has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

from PIL import ExifTags, Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pigeonhole.errors import UnreadableError
from pigeonhole.formats import bmp, boxes, jpeg, png, webp
from pigeonhole.formats.colour import set_transparent_colour
from pigeonhole.formats.complete import CUT_OFF, missing_part
from pigeonhole.formats.tiff.decode import decoded_tiff, is_for_pillow
from pigeonhole.formats.tiff.layout import layout_of

ORIENTATIONS = range(1, 9)
_WHOLE = 1 << 30  # bytes given to the JPEG decoder at once; where a piece ends it goes some steps back

# What is not here is not read. EPS would run a program; TGA takes any bytes for a picture. Asking the decoders directly
# rather than Image.open spares its guesses, its warnings and a global pixel limit.
_DECODERS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "WebP": WebPImageFile,
    "AVIF": AvifImageFile,
    "PPM": PpmImageFile,
}


class Pixels(NamedTuple):
    """A decoded picture, not yet upright, each edge of which is `times` shorter than in its file."""

    picture: Image.Image
    times: int = 1


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """`size` is width and height, `orientation` what EXIF calls so (1 to 8).

    `decode` may be called once, with the width and height in pixels that are wanted of it: it is not made smaller. It
    raises UnreadableError where pixels are missing, and nearly any other exception where they are damaged.
    """

    size: tuple[int, int]
    orientation: int
    decode: Callable[[tuple[int, int]], Pixels]


@contextmanager
def open_picture(kind: str, data: bytes) -> Iterator[StoredPicture]:
    """The picture in a file of the format `kind`. Raises as `decode` does."""
    if kind == "TIFF" and (layout := layout_of(data)) and not is_for_pillow(layout):
        orientation = layout.orientation if layout.orientation in ORIENTATIONS else 1
        yield StoredPicture(layout.size, orientation, lambda _: Pixels(decoded_tiff(data, layout)))
        return
    if kind == "BMP" and (masked := bmp.masked_bmp(data)):
        yield StoredPicture(masked.size, 1, lambda _: Pixels(bmp.decoded_bmp(data, masked)))
        return
    data = _prepared(kind, data)
    with _opened(kind, data) as picture:
        crop = boxes.clean_aperture(boxes.items_of(data)) if kind == "AVIF" else None  # which Pillow does not obey
        size = (crop[2] - crop[0], crop[3] - crop[1]) if crop else picture.size

        def decode(wanted: tuple[int, int]) -> Pixels:
            if missing := missing_part(kind, data, picture):
                raise UnreadableError(missing)
            if isinstance(picture, JpegImageFile):
                return _decoded_jpeg(data, picture, wanted)
            decoded = _decoded_by_pillow(data, picture)
            return Pixels(decoded.crop(crop) if crop else decoded)

        yield StoredPicture(size, _orientation(picture), decode)


def _orientation(picture: ImageFile.ImageFile) -> int:
    if isinstance(picture, TiffImageFile):  # Pillow turns it when it loads it, and tells the size that it then has
        return 1
    if isinstance(picture, PngImageFile) and "exif" not in picture.info:  # Pillow would look for it behind the pixels
        return 1
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # broken remarks are no reason to refuse sound pixels
        return 1
    return orientation if isinstance(orientation, int) and orientation in ORIENTATIONS else 1


def _prepared(kind: str, data: bytes) -> bytes:
    """The same picture without what its decoder would stumble over."""
    match kind:
        case "PNG":
            return png.essence(data)
        case "WebP":
            return webp.essence(data)
        case "BMP":
            return bmp.prepared(data)
        case _:
            return data


def _opened(kind: str, data: bytes) -> ImageFile.ImageFile:
    if kind != "JPEG":
        return (_heic_decoder() if kind == "HEIC" else _DECODERS[kind])(BytesIO(data))
    try:
        return JpegImageFile(BytesIO(data))
    except Exception:  # of broken remarks; the pixels may be sound
        return JpegImageFile(BytesIO(jpeg.essence(data).whole))


def _heic_decoder() -> Callable[[BytesIO], ImageFile.ImageFile]:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise UnreadableError("HEIC needs the plug-in pillow-heif: pip install 'pigeonhole[heic]'") from None
    return HeifImageFile


def _decoded_by_pillow(data: bytes, picture: ImageFile.ImageFile) -> Image.Image:
    if isinstance(picture, PngImageFile):
        if (plain := png.plain_png(data, picture)) is not None:
            return plain
        set_transparent_colour(picture)
    picture.load()
    return picture


def _decoded_jpeg(data: bytes, picture: JpegImageFile, wanted: tuple[int, int]) -> Pixels:
    """The decoder itself scales by 1/2, 1/4 or 1/8 as long as no edge becomes shorter than it is wanted."""
    try:
        return _loaded_jpeg(picture, wanted)
    except Exception:  # it may lack its end, or something else than its end may stand behind its pixels
        essence = jpeg.essence(data)
        if not essence.has_end and not jpeg.has_all_pixels(essence):
            raise UnreadableError(CUT_OFF.format("JPEG")) from None
    with JpegImageFile(BytesIO(essence.whole)) as again:
        return _loaded_jpeg(again, wanted)


def _loaded_jpeg(picture: JpegImageFile, wanted: tuple[int, int]) -> Pixels:
    size = picture.size
    drafted = picture.draft(None, wanted)
    picture.decodermaxblock = _WHOLE
    picture.load()
    return Pixels(picture, round(size[0] / drafted[1][2]) if drafted else 1)
