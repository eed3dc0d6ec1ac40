"""What sorting, undoing and looking have in common: the output folder with its lock and its journal."""

from pathlib import Path
from typing import Self

from pigeonhole.errors import OutputError
from pigeonhole.files.lock import Lock, TakenError
from pigeonhole.sorting import journal_file
from pigeonhole.sorting.journal import Journal
from pigeonhole.sorting.place import Places
from pigeonhole.sorting.recover import recover
from pigeonhole.text import printable


class Desk:
    """`journal` is None where nothing was ever done in `out`. `notes` are sentences for the user."""

    def __init__(self, out: Path, journal: Journal | None, lock: Lock | None, notes: list[str]) -> None:
        self.out = out
        self.journal = journal
        self.notes = notes
        self.places = Places(out, journal.token if journal else "")
        self._lock = lock

    @classmethod
    def open(cls, out: Path) -> Self:
        """For writing: alone, with the journal checked and everything a killed run left brought to an end.

        Raises OutputError; then nothing has been touched.
        """
        folder = out / journal_file.FOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if folder.is_symlink():
                raise OutputError(f"{printable(folder)} is a link.", "Remove it.")
            lock = Lock(folder / journal_file.LOCK)
        except TakenError as error:
            raise OutputError(
                f"{error} is sorting into {printable(out)}.".capitalize(),
                "Wait until it has finished, or choose another.",
            ) from None
        except OSError as error:
            raise OutputError(f"{printable(out)} cannot be written: {error.strerror}.") from None
        try:
            return cls._locked(out, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _locked(cls, out: Path, lock: Lock) -> Self:
        try:
            journal = Journal.open(out / journal_file.FOLDER)
        except OSError as error:
            raise OutputError(f"{printable(out)} cannot be written: {error.strerror}.") from None
        desk = cls(out, journal, lock, [])
        try:
            desk._recover(journal)
        except BaseException:
            journal.close()
            raise
        if not lock.works:
            desk.notes.append("This file system knows no locks: make sure that nobody else sorts into the same folder.")
        if journal.mode != "wal":
            desk.notes.append(
                "This file system shares no memory between processes: the journal is kept the slower way."
            )
        return desk

    @classmethod
    def look(cls, out: Path) -> Self:
        """For reading alone: nothing is written, nobody kept out. Raises OutputError where the journal is damaged."""
        journal = Journal.look(out / journal_file.FOLDER)
        desk = cls(out, journal, None, [])
        if journal and journal.unfinished():
            desk.notes.append("An earlier run was cut short: the next one will first bring what it left to an end.")
        return desk

    @property
    def writing(self) -> Journal:
        """The journal of a desk that was opened for writing."""
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
            result = recover(journal, self.places)
        except OSError as error:
            raise OutputError(f"{printable(self.out)} cannot be written: {error.strerror}.") from None
        if result.finished or result.rolled_back:
            self.notes.append(
                f"An earlier run was cut short: {result.finished} of its files were brought to an end,"
                f" {result.rolled_back} will be sorted again."
            )
