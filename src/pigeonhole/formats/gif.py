"""GIFs: a header, a palette and a row of blocks, the last of which is a semicolon."""

from typing import NamedTuple

_CONTROL = 0xF9  # the extension that says how the next frame is shown


class GifEnd(NamedTuple):
    """How far a GIF goes: whether its last block is there, how many frames are complete, and whether one more began."""

    has_last_block: bool
    frames: int
    has_begun: bool

    @property
    def may_have_all_pixels(self) -> bool:
        """Where the only frame lacks its end, its decoder knows whether that were pixels."""
        return self.has_last_block or self.frames + self.has_begun == 1 or (self.frames > 0 and not self.has_begun)


def end_of(data: bytes) -> GifEnd:
    frames, has_begun = 0, False
    try:
        position = 13 + _palette_length(data[10])
        while data[position] != 0x3B:
            match data[position]:
                case 0x21:  # extension: its kind, then its content
                    has_begun = has_begun or data[position + 1] == _CONTROL
                    position = _after_content(data, position + 2)
                case 0x2C:  # frame: place and size, palette, number of bits, then its content
                    has_begun = True
                    position = _after_content(data, position + 11 + _palette_length(data[position + 9]))
                    frames, has_begun = frames + 1, False
                case _:  # some writers put zeros between the blocks
                    position += 1
    except IndexError:
        return GifEnd(False, frames, has_begun)
    return GifEnd(True, frames, False)


def _palette_length(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_content(data: bytes, position: int) -> int:
    """Content is a row of pieces, each behind its length, up to one without length."""
    while length := data[position]:
        position += 1 + length
    return position + 1
