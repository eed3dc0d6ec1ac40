"""All pictures that a person may look at, by the identifiers that pages call them by."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from pigeonhole.errors import UsageError
from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture, identifier_of, is_sorted_folder, pictures_in, training_pictures
from pigeonhole.sorting.seen_files import absolute


class Catalogue:
    """The pictures of `folders` and of the training set `data`. Threads may share it.

    `version` is another one whenever other pictures are there than before.
    """

    def __init__(self, folders: Sequence[Path], data: Path) -> None:
        self.folders = tuple(dict.fromkeys(map(absolute, folders)))
        self._data = data
        self._lock = threading.Lock()
        self._pictures: dict[str, Picture] = {}
        self._here: set[str] = set()
        self.version = 0

    @property
    def sorted_folders(self) -> tuple[Path, ...]:
        """Those of the folders that something was sorted into."""
        return tuple(folder for folder in self.folders if is_sorted_folder(folder))

    def refresh(self) -> None:
        """Look again at what is there. A picture that is known stays the same object, even where it has gone: decisions
        that moved it may be taken back. Raises OutputError where a journal is damaged.
        """
        named = (*self.folders, self._data)
        found = [picture for folder in self.folders for picture in pictures_in(folder, named)]
        linked = {picture.links_to for picture in found if picture.links_to}  # are shown once, with their answers
        found = [picture for picture in found if picture.path not in linked]
        found += training_pictures(self._data)
        with self._lock:
            here = {picture.identifier for picture in found}
            is_new = here != self._here
            for picture in found:
                known = self._pictures.setdefault(picture.identifier, picture)
                if known is not picture and known.kind is Kind.UNSORTED and picture.kind is Kind.SORTED:
                    self._pictures[picture.identifier] = picture
                    is_new = True
            self._here = here
            self.version += is_new

    def has_returned(self, path: Path, gone: Iterable[Path]) -> None:
        """What a decision had moved stands at `path` again, and no longer where it had put it."""
        with self._lock:
            self._here.difference_update(map(identifier_of, gone))
            self.version += 1
            if identifier_of(path) in self._pictures:
                self._here.add(identifier_of(path))
                return
        self.refresh()

    def all(self) -> list[Picture]:
        """Those that were there when it was last looked."""
        with self._lock:
            return [self._pictures[identifier] for identifier in self._here]

    def __len__(self) -> int:
        """How many there were when it was last looked."""
        with self._lock:
            return len(self._here)

    def get(self, identifier: str) -> Picture:
        """Raises UsageError where there is none."""
        with self._lock:
            picture = self._pictures.get(identifier)
        if picture is None:
            raise UsageError("This picture is not here any more.", "Load the page again.")
        return picture

    def knows(self, identifier: str) -> bool:
        with self._lock:
            return identifier in self._pictures
