"""Which pictures were made from one film or one picture: as `frames` names them, and as other commands mark them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from pigeonhole.dataset.folders import Example
from pigeonhole.files.read import head

# `<film>-00h12m34.560s`, with a number behind it where that name was taken.
FRAME = re.compile(r"(?P<film>.+)-\d{2,}h[0-5]\dm[0-5]\d\.\d{3}s(?:-\d+)?", re.DOTALL)
# Faces are `<stem>-1`, redrawn pictures `<stem>~invert`. Very many other pictures are `<stem>-1`, too, so that the
# file itself has to say what it was made from.
MADE = re.compile(r".+(?:-\d+|~[a-z]+(?:-\d+)?)", re.DOTALL)
MARK = "pigeonhole-source:"
DIGITS = 32
_MARKED = re.compile(MARK.encode() + rb"([0-9a-f]{%d})" % DIGITS)
_HEAD_BYTES = 4096  # comments stand before the pixels


def film_of(path: PurePath) -> str | None:
    """The film that the frame at `path` was taken from, as its name says; None where it is no frame."""
    frame = FRAME.fullmatch(path.stem)
    return frame["film"] if frame else None


def mark_of(sha256: str) -> str:
    """The comment in a picture that was made from the picture with this digest."""
    return MARK + sha256[:DIGITS]


def marked_in(data: bytes) -> str | None:
    """The first DIGITS of the digest of the picture that `data`, a file or its beginning, was made from."""
    found = _MARKED.search(data, 0, _HEAD_BYTES)
    return found[1].decode() if found else None


def sources(examples: Sequence[Example]) -> Iterator[str]:
    """For each example the beginning of its source's digest: the same for all that was made from it, and for itself."""
    for example in examples:
        yield _source(example.found.path) or example.sha256[:DIGITS]


def _source(path: Path) -> str | None:
    if not MADE.fullmatch(path.stem):
        return None
    try:
        return marked_in(head(path, _HEAD_BYTES))
    except OSError:  # it was read before; whoever reads it next will say so
        return None
