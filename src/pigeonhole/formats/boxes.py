"""AVIF and HEIC: rows of boxes (length, four letters, content), some of which hold others (ISO/IEC 23008-12)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

# Those that make up a picture; what follows them, if anything, was appended by a camera for its own use.
TOP = (b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"idat", b"free", b"skip", b"uuid")
_NO_PIXELS = (b"Exif", b"mime", b"uri ", b"grid", b"iovl", b"iden", b"tmap")


class Box(NamedTuple):
    """The four letters of a box, and where its content begins and ends in the file; `end` may lie behind the file's."""

    kind: bytes
    start: int
    end: int


class Extent(NamedTuple):
    """Where a piece of an item lies in the file."""

    start: int
    end: int


@dataclass(slots=True)
class Items:
    """What the `meta` box says of the items: which is the picture to show, their kinds and places, its properties."""

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, list[Extent]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def pixels(self) -> list[Extent]:
        """The places of everything that is coded as a picture: tiles, alpha and thumbnails too."""
        coded = [item for item in self.extents if self.kinds.get(item) not in _NO_PIXELS]
        return [extent for item in coded for extent in self.extents[item]]


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes from `start` on, the last of which may be cut off."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        length, content = int.from_bytes(data[start : start + 4]), start + 8
        if length == 1:
            length, content = int.from_bytes(data[start + 8 : start + 16]), start + 16
        box = Box(data[start + 4 : start + 8], content, max(content, start + length) if length else end)
        yield box
        start = box.end


def items_of(data: bytes) -> Items:
    """What is said of the items, as far as it makes sense."""
    items, found = Items(), next((box for box in boxes(data) if box.kind == b"meta"), None)
    if found is None:
        return items
    associations: dict[int, list[int]] = {}
    stored: list[tuple[bytes, bytes]] = []
    try:
        for box in boxes(data, found.start + 4, min(found.end, len(data))):
            content = data[box.start : box.end]
            if box.kind == b"pitm":
                items.primary = int.from_bytes(content[4 : 6 if content[0] == 0 else 8])
            elif box.kind == b"iinf":
                items.kinds = _kinds(content)
            elif box.kind == b"iloc":
                items.extents = _extents(content)
            elif box.kind == b"iprp":
                stored, associations = _properties(content)
    except (struct.error, IndexError):
        return items
    numbers = associations.get(items.primary, [])
    items.properties = [stored[number - 1] for number in numbers if 0 < number <= len(stored)]
    return items


def clean_aperture(items: Items) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom edge in pixels of what is to be shown of the picture; None for all of it."""
    properties = dict(items.properties)
    if len(properties.get(b"clap", b"")) < 32 or len(properties.get(b"ispe", b"")) < 12:
        return None
    full_width, full_height = struct.unpack_from(">LL", properties[b"ispe"], 4)
    values = struct.unpack(">LLLLlLlL", properties[b"clap"][:32])
    if not all(values[1::2]):
        return None
    width, height, across, down = (up / below for up, below in zip(values[::2], values[1::2], strict=True))
    left, top = round((full_width - width) / 2 + across), round((full_height - height) / 2 + down)
    right, bottom = left + round(width), top + round(height)
    if not (0 <= left < right <= full_width and 0 <= top < bottom <= full_height):
        return None
    return left, top, right, bottom


def _kinds(content: bytes) -> dict[int, bytes]:
    kinds = {}
    for box in boxes(content, 6 if content[0] == 0 else 8):
        entry = content[box.start : box.end]
        if box.kind == b"infe" and entry[0] >= 2:
            at = 6 if entry[0] == 2 else 8
            kinds[int.from_bytes(entry[4:at])] = entry[at + 2 : at + 6]
    return kinds


def _extents(content: bytes) -> dict[int, list[Extent]]:
    """Of those items that lie in the file by themselves."""
    version, sizes = content[0], content[4:6]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    position = 6

    def number(size: int) -> int:
        nonlocal position
        if position + size > len(content):
            raise IndexError(position)
        position += size
        return int.from_bytes(content[position - size : position])

    extents: dict[int, list[Extent]] = {}
    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)
        base = number(base_size)
        pieces = []
        for _ in range(number(2)):
            number(index_size)
            start = base + number(offset_size)
            pieces.append(Extent(start, start + number(length_size)))
        if method == 0:
            extents[item] = pieces
    return extents


def _properties(content: bytes) -> tuple[list[tuple[bytes, bytes]], dict[int, list[int]]]:
    """All properties, each with its four letters, and their numbers for each item."""
    stored: list[tuple[bytes, bytes]] = []
    associations: dict[int, list[int]] = {}
    for box in boxes(content):
        if box.kind == b"ipco":
            stored = [(each.kind, content[each.start : each.end]) for each in boxes(content, box.start, box.end)]
        elif box.kind == b"ipma":
            associations |= _associations(content[box.start : box.end])
    return stored, associations


def _associations(content: bytes) -> dict[int, list[int]]:
    """The numbers of the properties of each item, the first being 1."""
    version, wide = content[0], content[3] & 1
    (count,) = struct.unpack_from(">L", content, 4)
    position, found = 8, {}
    for _ in range(count):
        item = int.from_bytes(content[position : position + (2 if version == 0 else 4)])
        position += 2 if version == 0 else 4
        length = content[position]
        position += 1
        size = 2 if wide else 1
        numbers = [int.from_bytes(content[at : at + size]) for at in range(position, position + length * size, size)]
        found[item] = [each & (0x7FFF if wide else 0x7F) for each in numbers]
        position += length * size
    return found
