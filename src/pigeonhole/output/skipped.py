"""What was skipped and may surprise, in a sentence for each reason: links, and what other programs hide."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pigeonhole.files.find import HIDDEN_FILE, HIDDEN_FOLDER, LINK
from pigeonhole.records import Skipped
from pigeonhole.text import printable

NAMED = 3  # of each reason
INCLUDE = "--include-hidden takes them, too."
SENTENCES = {
    LINK: ("1 link is not followed", "{} links are not followed", ""),
    HIDDEN_FOLDER: (
        "1 folder is hidden, trash or another program's own and is not entered",
        "{} folders are hidden, trash or another program's own and are not entered",
        INCLUDE,
    ),
    HIDDEN_FILE: (
        "1 file is skipped, because its name says that it is unfinished, thrown away or an editor's copy",
        "{} files are skipped, because their names say that they are unfinished, thrown away or an editor's copies",
        INCLUDE,
    ),
}
Item = TypeVar("Item")


class SkippedTally:
    """Counts by reason, and keeps the first few names; memory does not grow with the folder.

    `has_option`: whether the command at hand has --include-hidden.
    """

    def __init__(self, *, has_option: bool) -> None:
        self._has_option = has_option
        self._counts: Counter[str] = Counter()
        self._first: dict[str, list[Path]] = defaultdict(list)

    def counting(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, whose Skipped are counted."""
        for item in items:
            if isinstance(item, Skipped):
                self.add(item)
            yield item

    def add(self, skipped: Skipped) -> None:
        if skipped.reason in SENTENCES:
            self._counts[skipped.reason] += 1
            if len(self._first[skipped.reason]) < NAMED:
                self._first[skipped.reason].append(skipped.path)

    def sentences(self) -> Iterator[str]:
        for reason, (one, many, cure) in SENTENCES.items():
            if count := self._counts[reason]:
                names = ", ".join(printable(path) for path in self._first[reason])
                more = f" and {count - NAMED} more" if count > NAMED else ""
                says = one if count == 1 else many.format(count)
                yield f"{says}: {names}{more}.{' ' + cure if cure and self._has_option else ''}"
