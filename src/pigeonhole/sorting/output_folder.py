"""What sorting, undoing and looking have in common: the output folder with its lock and its journal."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pigeonhole import own_names
from pigeonhole.errors import OutputError
from pigeonhole.files.lock import Lock, TakenError
from pigeonhole.files.publish import sync_folder
from pigeonhole.journal.journal import Journal
from pigeonhole.sorting.placing import TargetPaths
from pigeonhole.sorting.recover import recover
from pigeonhole.text import printable

LOCK = "lock"
GROUP = 32  # files that share their waits for the disk


class OutputFolder:
    """`journal` is None where nothing was ever done in the folder at `path`. `notes` are sentences for the user."""

    def __init__(self, path: Path, journal: Journal | None, lock: Lock | None) -> None:
        self.path = path
        self.journal = journal
        self.notes: list[str] = []
        self.paths = TargetPaths(path, journal.token if journal else "")
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """For writing: alone, with the journal checked and everything that a killed run left finished or rolled back.

        Raises OutputError; then nothing has been touched.
        """
        own = path / own_names.FOLDER
        try:
            own.mkdir(parents=True, exist_ok=True)
            if own.is_symlink():
                raise OutputError(f"{printable(own)} is a link.", "Remove it.")
            lock = Lock(own / LOCK)
        except TakenError as error:
            raise OutputError(
                f"{error} is sorting into {printable(path)}.".capitalize(),
                "Wait until it has finished, or choose another.",
            ) from None
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            return cls._locked(path, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _locked(cls, path: Path, lock: Lock) -> Self:
        try:
            journal = Journal.open(path / own_names.FOLDER)
        except OSError as error:
            raise cannot_write(path, error) from None
        folder = cls(path, journal, lock)
        try:
            folder._recover(journal)
        except BaseException:
            journal.close()
            raise
        if not lock.works:
            folder.notes.append("This file system has no locks: make sure that nobody else sorts into the same folder.")
        if journal.mode != "wal":
            folder.notes.append(
                "This file system shares no memory between processes, so the journal is written in a slower way."
            )
        return folder

    @classmethod
    def open_read_only(cls, path: Path) -> Self:
        """For reading alone: nothing is written, nobody kept out. Raises OutputError where the journal is damaged."""
        journal = Journal.open_read_only(path / own_names.FOLDER)
        folder = cls(path, journal, None)
        if journal and journal.unfinished():
            folder.notes.append("An earlier run was interrupted: the next one first finishes or rolls back its files.")
        return folder

    @property
    def writing(self) -> Journal:
        """The journal of a folder that was opened for writing."""
        if self.journal is None:
            raise TypeError("nothing can be written here")
        return self.journal

    def close(self) -> None:
        if self.journal:
            self.journal.close()
        if self._lock:
            self._lock.release()

    def _recover(self, journal: Journal) -> None:
        try:
            result = recover(journal, self.paths)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        if result.finished or result.rolled_back:
            self.notes.append(
                f"An earlier run was interrupted: {result.finished} of its files were finished,"
                f" {result.rolled_back} were rolled back and will be sorted again."
            )


def sync_folders(folders: Iterable[Path]) -> None:
    """Wait until the names in all `folders` are on the disk. Raises OutputError where that cannot be."""
    for folder in folders:
        try:
            sync_folder(folder)
        except FileNotFoundError:
            continue  # an emptied folder may be removed by its owner
        except OSError as error:
            raise cannot_write(folder, error) from None


def cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"{printable(folder)} cannot be written: {error.strerror}.")
