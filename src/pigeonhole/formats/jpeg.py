"""JPEGs that sound decoders stumble over: with broken remarks of programs, or without the two bytes at their end."""

import re
from collections.abc import Iterator
from io import BytesIO
from random import Random
from typing import NamedTuple

from PIL import Image, ImageChops
from PIL.JpegImagePlugin import JpegImageFile

BEGIN, END = b"\xff\xd8", b"\xff\xd9"
MOST_COMPARED_PIXELS = 24_000_000  # of larger ones every other pixel is compared

_SCAN = 0xDA
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_OF_PIXELS = (*_FRAMES, 0xC4, 0xCC, 0xDB, 0xDC, 0xDD)
# Remarks that tell how to show the pixels, and the fewest bytes that they may have.
_OF_SHOWING = {0xE0: (b"JFIF\0", 16), 0xE1: (b"Exif\0\0", 16), 0xEE: (b"Adobe", 14)}
# In the coded pixels a byte FF is followed by 00, or by D0 to D7, which only say where a decoder may begin again.
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
# What a decoder would take for pixels if some were missing. (It takes a missing rest for zeros.) Some may begin with
# what says that nothing is to be changed, so there are several.
_NOISES = [bytes(Random(seed).choices(range(255), k=4096)) for seed in range(6)]  # noqa: S311


class Essence(NamedTuple):
    """`pixels` is a JPEG up to the end of its last scan; `has_end` is whether the mark of the end stands behind it.

    `has_every_scan` is whether every coefficient of every colour is in some scan, to its last bit.
    """

    pixels: bytes
    has_end: bool
    has_every_scan: bool

    @property
    def whole(self) -> bytes:
        return self.pixels + END


def essence(data: bytes) -> Essence:
    """The first picture in `data` without remarks that no pixel depends on, and without what is appended to it."""
    parts, position, scans, has_end = [BEGIN], 2, _Scans(), False
    while not has_end and (found := _MARKER.search(data, position)) is not None:
        code, position = data[found.end() - 1], found.end()
        if code in _WITHOUT_LENGTH and not scans.begun:
            continue
        length = int.from_bytes(data[position : position + 2])
        segment, position = bytes((0xFF, code)) + data[position : position + length], position + length
        has_end = code == 0xD9
        if has_end or length < 2 or (scans.begun and code not in (*_OF_PIXELS, _SCAN)):
            break  # what follows was appended
        if position > len(data):
            scans.lack_one()
            break
        if code == _SCAN:
            end = _MARKER.search(data, position)
            scan = data[position : end.start() if end else len(data)]
            parts += [segment, scan.rstrip(b"\xff")]  # half a pair, if anything
            position += len(scan)
            scans.add(segment)
        elif code in _OF_PIXELS or _shows(code, segment):
            parts.append(segment)
            if code in _FRAMES:
                scans.expect(segment)
    return Essence(b"".join(parts), has_end, scans.are_all)


class _Scans:
    """Which bits of which coefficients the scans have brought: in a progressive JPEG each brings some."""

    def __init__(self) -> None:
        self.begun = False
        self._missing: dict[int, list[int]] = {}
        self._lacks_one = False

    def expect(self, frame: bytes) -> None:
        """Every colour that the segment names has 64 coefficients, of which any number of bits may be missing."""
        self._missing = {frame[at]: [16] * 64 for at in range(10, len(frame) - 2, 3)}

    def add(self, scan: bytes) -> None:
        self.begun = True
        count = scan[4] if len(scan) > 4 else 0
        first, last, bits = scan[5 + 2 * count : 8 + 2 * count].ljust(3, b"\0")
        for colour in scan[5 : 5 + 2 * count : 2]:
            if colour in self._missing:
                self._missing[colour][first : last + 1] = [bits & 15] * max(0, min(64, last + 1) - first)

    def lack_one(self) -> None:
        self._lacks_one = True

    @property
    def are_all(self) -> bool:
        return bool(self._missing) and not self._lacks_one and not any(map(any, self._missing.values()))


def has_end(data: bytes) -> bool:
    """Whether there is a mark of the end behind the beginning of the pixels."""
    position = 2
    while data[position : position + 1] == b"\xff" and position + 4 <= len(data):
        if data[position + 1] == _SCAN:
            return data.find(END, position) > 0
        position += 2 + int.from_bytes(data[position + 2 : position + 4])
    return data.find(END, position) > 0


def has_all_pixels(jpeg: Essence) -> bool:
    """Whether the last scan is complete, too: then the pixels do not depend on what follows it."""
    if not jpeg.has_every_scan:
        return False
    ended = _decoded(jpeg.whole)
    return ended is not None and all(_is_same(ended, _decoded(more + END)) for more in _continued(jpeg.pixels))


def _continued(pixels: bytes) -> Iterator[bytes]:
    """With what could follow if some were missing: coded pixels, or a place where a decoder may begin again."""
    for noise in _NOISES:
        yield pixels + noise
    if pixels.find(b"\xff\xdd") > 0:
        begun = _RESTART.findall(pixels)
        number = (begun[-1][1] + 1) % 8 if begun else 0
        yield pixels + bytes((0xFF, 0xD0 + number)) + _NOISES[0]


def _is_same(one: Image.Image, other: Image.Image | None) -> bool:
    return other is not None and ImageChops.difference(one, other).getbbox() is None


def _shows(code: int, segment: bytes) -> bool:
    name, least = _OF_SHOWING.get(code, (b"", 0))
    return bool(name) and segment.startswith(name, 4) and len(segment) - 2 >= least


def _decoded(data: bytes) -> Image.Image | None:
    try:
        with JpegImageFile(BytesIO(data)) as picture:
            if picture.width * picture.height > MOST_COMPARED_PIXELS:
                picture.draft(None, (picture.width // 2, picture.height // 2))
            picture.decodermaxblock = len(data)
            picture.load()
            return picture.copy()
    except Exception:  # Pillow's decoders raise nearly every built-in exception on damaged files
        return None
