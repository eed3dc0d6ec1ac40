"""What a sorted picture is called, and how any file name is shown."""

import os
import unicodedata
from pathlib import Path

MAX_NAME_BYTES = 255  # of one name, on every file system that we meet


def score_text(score: float) -> str:
    """A probability with five digits, as it stands in names and in the terminal: 0.99621."""
    return f"{score:.5f}"


def duration_text(seconds: float) -> str:
    """About so long, as a person would say it."""
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{round(seconds / length)} {unit}"
    return f"{max(2, round(seconds))} seconds"


def quantity(count: int, one: str, many: str | None = None) -> str:
    """`count` with the words that follow it: 1 picture, 2 pictures; `many` where these do not only get an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def shortened(stem: str, ending: str) -> str:
    """`stem + ending`, where the stem loses whole characters from its end until the name is short enough in bytes."""
    room = MAX_NAME_BYTES - len(os.fsencode(ending))
    if room <= 0:  # an extension of 255 bytes is none
        return shortened(stem, "")
    stem = stem[:room]  # a character has a byte or more
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def printable(path: Path | str) -> str:
    """`path` on one line of a terminal or log: control characters and bytes that are no text are escaped."""
    return "".join(character if character.isprintable() else _escaped(character) for character in str(path))


def _escaped(character: str) -> str:
    if 0xDC80 <= ord(character) <= 0xDCFF:  # how Python keeps a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def one_spelling(name: str) -> str:
    """`name` in NFC: macOS writes é as e and an accent, and a folder copied from there is the same category."""
    return unicodedata.normalize("NFC", name)


def safe_label(category: str) -> str:
    """A label of ours is a folder's name and passes unchanged; one from a foreign model may hold anything."""
    kept = "".join("_" if character in "/\\\0" or _unwritable(character) else character for character in category)
    return kept if kept.strip(". ") else "_"


def _unwritable(character: str) -> bool:
    """Half a surrogate pair, which JSON can hold and no file name can (a byte that is no UTF-8 is kept otherwise)."""
    return 0xD800 <= ord(character) <= 0xDFFF and not 0xDC80 <= ord(character) <= 0xDCFF
