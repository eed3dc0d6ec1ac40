"""What sorting, undoing and looking have in common: the output folder with its lock and its journal."""

import os
import secrets
import stat
import threading
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from pigeonhole import own_names
from pigeonhole.errors import OutputError, not_written
from pigeonhole.files.lock import Lock, TakenError
from pigeonhole.files.publish import sync_folder
from pigeonhole.files.read import head
from pigeonhole.files.source import exists
from pigeonhole.journal import journal_file
from pigeonhole.journal.entry import JournalEntry
from pigeonhole.journal.journal import Journal
from pigeonhole.placing.place import TargetPaths
from pigeonhole.placing.recover import recover
from pigeonhole.placing.trust import refuse_another_owner, refuse_unfinished
from pigeonhole.placing.turn import locked_in_turn
from pigeonhole.text import printable

LOCK = "lock"
MARKER = "marker"
LOOK = "Check its permissions and its disk."
GROUP = 32  # files that share their waits for the disk


class BusyError(OutputError):
    """Another process sorts into the folder; `holder` names it."""

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(
            f"{holder} is sorting into {printable(path)}.".capitalize(),
            "Wait until it has finished, or choose another.",
        )


class OutputFolder:
    """`journal` is None where nothing was ever done in the folder at `path`. `notes` are sentences for the user."""

    def __init__(self, path: Path, journal: Journal | None, lock: Lock | None, turn: Lock | None = None) -> None:
        self.path = path
        self.journal = journal
        self.notes: list[str] = []
        self.unknown: list[tuple[JournalEntry, str]] = []  # what became of them nobody can tell, and why
        self.paths = TargetPaths(path, journal.token if journal else "")
        self.recovering = threading.Lock()  # for whoever finishes an entry outside a group
        self._lock = lock
        self._turn = turn
        self._marker = secrets.token_hex(8).encode()
        self._opened = self._identities() if lock else None

    @classmethod
    def open(cls, path: Path, believed: Collection[Path] = (), patience: float = 0.0) -> Self:
        """For writing: alone, with the journal checked and everything that a killed run left finished or rolled back.

        A journal that was not made here is believed of sources below the folders `believed` alone. A watcher that holds
        the folder is asked to give way until it is closed, for `patience` seconds. Raises OutputError, BusyError where
        another process keeps it; then nothing has been touched.
        """
        own = path / own_names.FOLDER
        try:
            own.mkdir(parents=True, exist_ok=True)
            _refuse_strange(own)
            refuse_another_owner(own)
            lock, turn = locked_in_turn(own / LOCK, patience)
        except TakenError as error:
            raise BusyError(path, str(error)) from None
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            return cls._locked(path, lock, turn, believed)
        except BaseException:
            lock.release()
            if turn:
                turn.release()
            raise

    @classmethod
    def _locked(cls, path: Path, lock: Lock, turn: Lock | None, believed: Collection[Path]) -> Self:
        try:
            journal = Journal.open(path / own_names.FOLDER)
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            refuse_unfinished(journal, path, believed)
            folder = cls(path, journal, lock, turn)
            folder._recover(journal)
            folder._mark()
        except OSError as error:
            journal.close()
            raise cannot_write(path, error) from None
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
        journal = Journal.open_read_only(path / own_names.FOLDER) if has_journal_folder(path) else None
        folder = cls(path, journal, None)
        if journal and journal.unfinished():
            folder.notes.append("An earlier run was interrupted: the next one first finishes or rolls back its files.")
        return folder

    def is_seen_at(self, path: Path) -> bool:
        """Whether the folder at `path` is this very output: a mount may show it once more, even in what is sorted."""
        try:
            return head(path / own_names.FOLDER / MARKER, 2 * len(self._marker)) == self._marker
        except OSError:
            return False

    def _mark(self) -> None:
        """Say in the folder which process has it open: a copy of the folder says something else by then."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with suppress(OSError):  # on a full disk, say
            descriptor = os.open(self.path / own_names.FOLDER / MARKER, flags, 0o666)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._marker)

    def check(self) -> None:
        """Raise OutputError where the folder or its journal are no longer those that were opened, OSError where the
        disk does not tell.
        """
        try:
            if self._identities() == self._opened:
                return
        except (FileNotFoundError, NotADirectoryError):
            pass
        raise OutputError(
            f"The folder {printable(self.path)} or the journal in it was moved away, removed or replaced meanwhile.",
            "Put it back, or start again.",
        )

    def why_not_written(self, error: OSError) -> OutputError:
        """That the folder is another one by now says more than `error`, which comes of it."""
        try:
            self.check()
        except OutputError as moved:
            return moved
        except OSError:
            pass
        return cannot_write(self.path, error)

    def _identities(self) -> tuple[tuple[int, int], ...]:
        found = [self.path.stat(), (self.path / own_names.FOLDER / journal_file.JOURNAL).lstat()]
        return tuple((status.st_dev, status.st_ino) for status in found)

    @property
    def writing(self) -> Journal:
        """The journal of a folder that was opened for writing."""
        if self.journal is None:
            raise TypeError("nothing can be written here")
        return self.journal

    def close(self) -> None:
        if self.journal:
            self.journal.close()
        for lock in (self._lock, self._turn):
            if lock:
                lock.release()

    def _recover(self, journal: Journal) -> None:
        result = recover(journal, self.paths)
        if result.finished or result.rolled_back:
            self.notes.append(
                f"An earlier run was interrupted: {len(result.finished)} of its files were finished,"
                f" {len(result.rolled_back)} were rolled back and will be sorted again."
            )
        self.unknown = result.unknown
        for entry, reason in result.unknown:
            self.notes.append(
                f"An earlier run was interrupted, and nobody can tell yet where {printable(entry.source)} stands:"
                f" {reason}. It is tried again."
            )


def has_journal_folder(path: Path) -> bool:
    """Whether anything was ever sorted into the folder at `path`. Raises OutputError where nobody can tell."""
    own = path / own_names.FOLDER
    try:
        if not exists(own):
            return False
        _refuse_strange(own)
    except OSError as error:
        raise OutputError(f"{printable(own)} cannot be looked at: {error.strerror}.", LOOK) from None
    return True


def _refuse_strange(own: Path) -> None:
    """Raise OutputError where OUT/.pigeonhole is a link, so that what is written there would land elsewhere."""
    if not stat.S_ISDIR(own.lstat().st_mode):
        raise OutputError(f"{printable(own)} is a link or a file, and not the folder of a journal.", "Remove it.")


def sync_folders(folders: Iterable[Path]) -> None:
    """Wait until the names in all `folders` are on the disk. Raises OutputError where that cannot be."""
    for folder in folders:
        try:
            sync_folder(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue  # an emptied folder may be removed by its owner, who may put something else in its place
        except OSError as error:
            raise cannot_write(folder, error) from None


def cannot_write(folder: Path, error: OSError) -> OutputError:
    return not_written(f"{printable(folder)}", error)
