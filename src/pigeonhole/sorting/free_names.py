"""FreeNames that nothing has yet, neither in the output nor in what is about to be put there."""

import os
import sqlite3
import unicodedata
from collections import OrderedDict
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePath
from typing import Protocol
from weakref import finalize

from pigeonhole import own_names
from pigeonhole.files.publish import is_same_file
from pigeonhole.files.source import exists
from pigeonhole.sorting.template import Name

REMEMBERED = 10_000  # names whose number is known without asking the disk; most scores are 1.00000


class Promised(Protocol):
    """The names that were given out and are not on the disk yet."""

    def add(self, key: str, /) -> None: ...
    def __contains__(self, key: str, /) -> bool: ...
    def clear(self) -> None: ...


class PromisedOnDisk:
    """The same for a dry run, in which nothing ever gets to the output: a database without a name, in constant memory.

    SQLite keeps it in a temporary file of its own that it removes.
    """

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        finalize(self, self._connection.close)  # from Python 3.13 on, one that is forgotten open is complained of
        self._connection.execute("CREATE TABLE promised (name BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, key: str, /) -> None:
        self._connection.execute("INSERT OR IGNORE INTO promised VALUES (?)", (os.fsencode(key),))

    def __contains__(self, key: str, /) -> bool:
        found = self._connection.execute("SELECT 1 FROM promised WHERE name = ?", (os.fsencode(key),))
        return found.fetchone() is not None

    def clear(self) -> None:
        """Keep all: what is promised in a dry run stays so."""


class FreeNames:
    """Gives out the names of one run, each once."""

    def __init__(self, out: Path, promised: Promised) -> None:
        self._out = out
        self._promised = promised
        self._ignores_case = ignores_case(out)
        self._reached: OrderedDict[str, int] = OrderedDict()

    def next_free(self, name: Name) -> PurePath:
        """`name`, or with the first number that makes it free. A number that was given out is not tried again.

        Raises OSError where the disk does not tell whether a name is free.
        """
        base = self._key(name.numbered(1))
        for number in count(self._reached.pop(base, 0) + 1):
            target = name.numbered(number)
            key = self._key(target)
            if key not in self._promised and not exists(self._out / target):
                self._promised.add(key)
                self._reached[base] = number
                if len(self._reached) > REMEMBERED:
                    self._reached.popitem(last=False)
                return target
        raise AssertionError

    def all_published(self) -> None:
        """What was promised so far is on the disk now, or given up."""
        self._promised.clear()

    def _key(self, target: PurePath) -> str:
        """What the file system takes for the same name has the same key."""
        return unicodedata.normalize("NFC", str(target)).casefold() if self._ignores_case else str(target)


def ignores_case(folder: Path) -> bool:
    """Whether `cat.jpg` and `Cat.jpg` are one file in `folder`, as a name in it tells, or else its own."""
    for path in (folder / own_names.FOLDER, folder.absolute(), *folder.absolute().parents):
        other = path.with_name(path.name.swapcase()) if path.name else path
        with suppress(OSError):  # a folder above that we may not look into tells nothing
            if other.name != path.name and exists(path):
                return exists(other) and is_same_file(other, path)
    return False
