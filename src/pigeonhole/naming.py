"""What a sorted picture is called, and how any file name is shown."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

MAX_NAME_BYTES = 255  # of one name, on every file system that we meet


def score_text(score: float) -> str:
    """A probability with five digits, as it stands in names and in the terminal: 0.99621."""
    return f"{score:.5f}"


def sorted_stem(category: str, score: float) -> str:
    """`elsa-0.99621`: what a sorted picture is called, before its own extension."""
    return f"{_harmless(category)}-{score_text(score)}"


def candidates(stem: str, extension: str, first: int = 1) -> Iterator[str]:
    """`stem.ext`, then `stem-2.ext`, `stem-3.ext`, … without end, each no longer than a file name may be."""
    for number in count(first):
        yield shortened(stem, extension if number == 1 else f"-{number}{extension}")


def shortened(stem: str, ending: str) -> str:
    """`stem + ending`, where the stem loses whole characters from its end until the name is short enough in bytes."""
    room = MAX_NAME_BYTES - len(os.fsencode(ending))
    if room <= 0:  # an extension of 255 bytes is none
        return shortened(stem, "")
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def shown(path: Path | str) -> str:
    """`path` on one line of a terminal or log: control characters and bytes that are no text are escaped."""
    return "".join(character if character.isprintable() else _escaped(character) for character in str(path))


def _escaped(character: str) -> str:
    if 0xDC80 <= ord(character) <= 0xDCFF:  # how Python keeps a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _harmless(category: str) -> str:
    """A label of ours is a folder's name and passes unchanged; one from a foreign model may hold anything."""
    kept = "".join("_" if character in "/\\\0" else character for character in category)
    return kept if kept.strip(". ") else "_"
