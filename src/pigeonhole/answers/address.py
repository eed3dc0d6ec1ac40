"""What a user typed, a folder or a URL, as a place to read pictures from or to keep a table in."""

import re
from pathlib import Path

from pigeonhole.answers.bucket import BucketSource, BucketStore, file_system, refuse_missing_bucket
from pigeonhole.answers.folder import FolderSource, FolderStore
from pigeonhole.answers.listed import Source, Store
from pigeonhole.errors import UsageError
from pigeonhole.files import refuse_overlap
from pigeonhole.text import printable

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_url(text: str) -> bool:
    return _URL.match(text) is not None


def source_at(text: str) -> Source:
    """The pictures at `text`. Raises UsageError where there can be none."""
    if is_url(text):
        file_system(text)
        return BucketSource(text.rstrip("/"))
    if not Path(text).is_dir():
        raise UsageError(f"{printable(text)} is not a folder.", "Name the folder that holds the pictures.")
    return FolderSource(Path(text))


def new_store_at(text: str) -> Store:
    """A table at `text`; a folder is not made yet. Raises UsageError where it cannot be one."""
    if is_url(text):
        refuse_missing_bucket(text)
        return BucketStore(text.rstrip("/"))
    if Path(text).exists() and not Path(text).is_dir():
        raise UsageError(f"{printable(text)} is a file.", "Name a folder for the table.")
    return FolderStore(Path(text))


def store_at(text: str) -> Store:
    """The table at `text`, a folder or one file. Raises UsageError where there is none."""
    if is_url(text):
        return BucketStore(text.rstrip("/"))
    path = Path(text)
    store = FolderStore(path.parent, path.name) if path.is_file() else FolderStore(path)
    if not store.names():
        raise UsageError(f"There is no table of answers at {printable(text)}.", "Make one with the command answers.")
    return store


def refuse_one_in_the_other(source: Source, store: Store) -> None:
    """Raise UsageError where the table would lie among the pictures, or they in it."""
    if isinstance(source, FolderSource) and isinstance(store, FolderStore):
        refuse_overlap(source.root, store.root)
    elif isinstance(source, BucketSource) and isinstance(store, BucketStore):
        one, other = f"{source.address}/", f"{store.address}/"
        if one.startswith(other) or other.startswith(one):
            raise UsageError(
                f"{printable(store.address)} is {printable(source.address)} itself, or one lies in the other.",
                "Choose another place for the table.",
            )
