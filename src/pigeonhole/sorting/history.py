"""What the journal knows about a file that is met again."""

import os
import time
from pathlib import Path

from pigeonhole.files.remove import is_settled
from pigeonhole.files.source import SourceError, held
from pigeonhole.records import Identity
from pigeonhole.sorting.journal import Journal
from pigeonhole.sorting.row import Row, Verdict

LEARNT = 100  # files whose new state is written down together: each writing waits for the disk


class History:
    """Answers from `journal` (None: nothing was ever done). `writes`: what is learnt may be written down."""

    def __init__(self, journal: Journal | None, *, writes: bool) -> None:
        self._journal = journal
        self._writes = writes
        self._learnt: list[Row] = []

    def of_file(self, path: Path) -> Row | None:
        """What was done with the very file that stands at `path` now.

        Its identity decides where it can; where the last edit was too close to our look, or something about the file
        is another, its content does. Never its size and time alone.
        """
        rows = self._rows(path)
        if not rows:
            return None
        try:
            identity = Identity.of(path.lstat())
        except OSError:
            return None
        for row in rows:
            if row.identity == identity and is_settled(identity, row.seen_ns):
                return row
        if all(row.identity.size != identity.size for row in rows):
            return None
        seen_ns = time.time_ns()
        try:
            with held(path, identity) as file:
                sha256 = file.digest()
        except SourceError:
            return None
        return self.of_content(path, sha256, identity, seen_ns)

    def of_content(self, path: Path, sha256: str, identity: Identity, seen_ns: int) -> Row | None:
        """What was done with the content `sha256` of a file at `path`, whose state at `seen_ns` was `identity`."""
        for row in self._rows(path):
            if row.sha256 == sha256:
                if row.identity != identity or not is_settled(identity, row.seen_ns):
                    row.identity, row.seen_ns = identity, seen_ns  # next time its identity will do
                    self._learnt.append(row)
                    if len(self._learnt) >= LEARNT:
                        self.write_down()
                return row
        return None

    def write_down(self) -> None:
        """Keep what was learnt; where that is lost, it is learnt again."""
        learnt, self._learnt = self._learnt, []
        if self._journal and self._writes and learnt:
            self._journal.update(learnt)

    def _rows(self, path: Path) -> list[Row]:
        return self._journal.still_there(absolute(path)) if self._journal else []


def is_readable(row: Row) -> bool:
    return row.verdict is not Verdict.UNREADABLE


def absolute(path: Path) -> Path:
    """`path` from the root, the folder without links: the same for every way to spell it. A link itself stays one."""
    return Path(os.path.realpath(path.parent)) / path.name
