"""What wakes the watcher before its time. Nothing depends on it: events get lost, and some mounts send none at all."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

# Not that a file was opened, read or removed: that is what we do ourselves.
_NEWS = [FileCreatedEvent, FileMovedEvent, FileModifiedEvent, FileClosedEvent, DirCreatedEvent, DirMovedEvent]


class Events(Protocol):
    def follow(self, folder: Path) -> str | None:
        """Listen to `folder` as it stands there now. The result is a sentence where that cannot be."""

    def close(self) -> None: ...


class NoEvents:
    """For a mount that sends none, and for tests."""

    def follow(self, folder: Path) -> str | None:
        return None

    def close(self) -> None: ...


class Watchdog(FileSystemEventHandler):
    """Sets `wake` whenever something arrives."""

    def __init__(self, wake: threading.Event, *, recursive: bool) -> None:
        self._wake = wake
        self._recursive = recursive
        self._observer: BaseObserver | None = None
        self._folder: tuple[int, int] | None = None

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._wake.set()

    def follow(self, folder: Path) -> str | None:
        """An observer does not survive its folder's going away for a moment, and does not say so: start a new one."""
        try:
            status = folder.stat()
        except OSError:
            return None
        if self._folder == (status.st_dev, status.st_ino):
            return None
        self.close()
        self._folder = status.st_dev, status.st_ino
        observer = Observer()
        try:
            observer.schedule(self, str(folder), recursive=self._recursive, event_filter=_NEWS)
            observer.start()
        except OSError as error:
            return f"The system sends no events ({error.strerror}): new files are found at the next look."
        self._observer = observer
        return None

    def close(self) -> None:
        if self._observer is not None:
            with suppress(RuntimeError):
                self._observer.stop()
                self._observer.join(5)
            self._observer = None
        self._folder = None
