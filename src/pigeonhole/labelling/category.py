"""The names of categories as people type them, which become names of folders."""

import unicodedata
from collections.abc import Collection
from pathlib import Path

from pigeonhole import own_names
from pigeonhole.errors import UsageError
from pigeonhole.text import MAX_NAME_BYTES, printable

LONGEST = MAX_NAME_BYTES - 55  # bytes: a number and an extension still find room behind it in a file's name
_OURS = frozenset((own_names.UNREADABLE, own_names.NO_FACE, own_names.SET_ASIDE))


def category_named(typed: str, known: Collection[str]) -> str:
    """The category that a person means by `typed`: one of `known` whatever its case and spaces, else a new one.

    Raises UsageError where no folder can have that name.
    """
    name = unicodedata.normalize("NFC", typed).strip()
    meant = {_key(category): category for category in sorted(known)}.get(_key(name))
    if meant is not None:
        return meant
    if not name.strip(". "):
        raise UsageError("A category needs a name.", "Type one.")
    if any(character in "/\\" or not character.isprintable() for character in name):
        raise UsageError(
            f"{printable(name)} cannot be the name of a folder.", "Leave out /, \\ and what is no visible character."
        )
    if name.startswith(".") or name.casefold() in _OURS:
        raise UsageError(f"A category cannot be called {name!r}.", "Choose another name.")
    if len(name.encode("utf-8", "surrogateescape")) > LONGEST:
        raise UsageError("This name is too long.", f"Choose one of at most {LONGEST} letters.")
    return name


def folders_in(data: Path) -> list[str]:
    """The categories that have a folder in `data`, in the order of the alphabet; none where it is not there."""
    if not data.is_dir():
        return []
    return sorted(entry.name for entry in data.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().replace("_", " ")
