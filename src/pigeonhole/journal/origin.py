"""Whether a journal was made where it is, or came in a folder that was copied or given away.

What a journal says decides where files go. One from a stranger may name any place; so a journal knows the number of its
own file, which no copy, archive or download can keep. On file systems that number files anew at each mount (FAT, some
shares) every journal looks like a copy, and so does one of a version that did not write the number down: then single
entries can still be believed (placing/trust.py), and undo asks where the other pictures may go back to.
"""

from collections.abc import Mapping
from pathlib import Path

INODE = "inode"  # the key in the journal


def birth_mark(path: Path) -> dict[str, str]:
    """What the new journal at `path` says of itself."""
    return {INODE: str(path.lstat().st_ino)}


def is_from_here(path: Path, said: Mapping[str, str]) -> bool:
    """Whether the journal at `path`, which has `said` that of itself, was made as this very file."""
    return said.get(INODE) == str(path.lstat().st_ino)
