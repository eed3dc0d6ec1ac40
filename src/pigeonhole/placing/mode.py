"""The four ways in which a file gets to its place."""

from enum import StrEnum


class Placing(StrEnum):
    """How a picture gets to its place.

    COPY leaves the source. MOVE removes it once its content stands safely in the output. HARDLINK gives the same file
    a second name (one file system only; edits show in both). SYMLINK points to the source's absolute path.
    """

    COPY = "copy"
    MOVE = "move"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"
