"""Which names are no pictures of the user's: trash, old versions, unfinished files and notes of other programs."""

import re
from fnmatch import translate

from pigeonhole import own_names

# Never taken, whatever the user says: our own, and what is no picture although it may be called like one.
NEVER = (f"{own_names.PREFIX}*", "._*", ".DS_Store", "Thumbs.db", "desktop.ini", "~$*")
# Folders in which other programs and systems keep what was thrown away, replaced or derived.
FOLDERS = (".*", "#recycle", "@*", "$RECYCLE.BIN", "System Volume Information", "lost+found", "__MACOSX")
# Files that are still being written, were thrown away, or are the copies that editors keep.
FILES = (
    *("*.part", "*.partial", "*.filepart", "*.tmp", "*.crdownload", "*.download", "*.opdownload", "*.aria2", "*.!sync"),
    *(".trashed-*", ".pending-*", ".com.google.Chrome.*", ".goutputstream-*", ".nfs*", ".fuse_hidden*", "*~"),
)
_RSYNC = r"\..+\.[^.]+\.[A-Za-z0-9]{6}"  # .NAME.EXT.XXXXXX, as rsync writes it


def _any_of(patterns: tuple[str, ...], *expressions: str) -> re.Pattern[str]:
    """Capital or small letters: file systems of Windows and macOS do not tell them apart."""
    return re.compile("|".join((*map(translate, patterns), *expressions)), re.IGNORECASE)


_NEVER = _any_of(NEVER)
_FOLDERS = _any_of(FOLDERS)
_FILES = _any_of(FILES, rf"{_RSYNC}\Z")


def is_never_taken(name: str) -> bool:
    """Whether a file or folder of this name is ours, or another program's notes: never a picture."""
    return _NEVER.match(name) is not None


def is_hidden_folder(name: str) -> bool:
    """Whether a folder of this name is hidden, trash, or kept by another program."""
    return _FOLDERS.match(name) is not None


def is_hidden_file(name: str) -> bool:
    """Whether a file of this name is unfinished, was thrown away, or is an editor's copy."""
    return _FILES.match(name) is not None
