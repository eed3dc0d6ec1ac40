"""What the journal knows about a file that is met again."""

import os
import time
from pathlib import Path

from pigeonhole.files.remove import is_settled
from pigeonhole.files.source import SourceError, open_unchanged
from pigeonhole.journal.entry import JournalEntry, Verdict
from pigeonhole.journal.journal import Journal
from pigeonhole.records import Identity

LEARNT = 100  # files whose new state is written down together: each writing waits for the disk


class SeenFiles:
    """Answers from `journal` (None: nothing was ever done). `writes`: what is learnt may be written down."""

    def __init__(self, journal: Journal | None, *, writes: bool) -> None:
        self._journal = journal
        self._writes = writes
        self._learnt: list[JournalEntry] = []

    def of_file(self, path: Path) -> JournalEntry | None:
        """What was done, or is still being done, with the very file that stands at `path` now.

        Its identity decides where it can; where the last edit was too close to our look, or something about the file
        is another, its content does. Never its size and time alone.
        """
        entries = self._rows(path)
        if not entries:
            return None
        try:
            identity = Identity.of(path.lstat())
        except OSError:
            return None
        for entry in entries:
            if entry.identity == identity and is_settled(identity, entry.seen_ns):
                return entry
        if all(entry.identity.size != identity.size for entry in entries):
            return None
        seen_ns = time.time_ns()
        try:
            with open_unchanged(path, identity) as file:
                sha256 = file.digest()
        except SourceError:
            return None
        return self.of_content(path, sha256, identity, seen_ns)

    def of_content(self, path: Path, sha256: str, identity: Identity, seen_ns: int) -> JournalEntry | None:
        """What was done with the content `sha256` of a file at `path`, whose state at `seen_ns` was `identity`."""
        for entry in self._rows(path):
            if entry.sha256 == sha256:
                if entry.identity != identity or not is_settled(identity, entry.seen_ns):
                    entry.identity, entry.seen_ns = identity, seen_ns  # next time its identity will do
                    self._learnt.append(entry)
                    if len(self._learnt) >= LEARNT:
                        self.write_down()
                return entry
        return None

    def write_down(self) -> None:
        """Keep what was learnt; where that is lost, it is learnt again."""
        learnt, self._learnt = self._learnt, []
        if self._journal and self._writes and learnt:
            self._journal.remember(learnt)

    def _rows(self, path: Path) -> list[JournalEntry]:
        return self._journal.at(absolute(path)) if self._journal else []


def is_readable(entry: JournalEntry) -> bool:
    return entry.verdict is not Verdict.UNREADABLE


def absolute(path: Path) -> Path:
    """`path` from the root, the folder without links: the same for every way to spell it. A link itself stays one."""
    return Path(os.path.realpath(path.parent)) / path.name
