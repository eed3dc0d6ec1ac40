"""What a killed run has left between two steps is finished, or rolled back, before anything else is done."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.files.publish import sync, sync_folder
from pigeonhole.files.remove import put_back, remove_same
from pigeonhole.files.source import SourceError, has_content, held
from pigeonhole.sorting.journal import Journal
from pigeonhole.sorting.options import Placing
from pigeonhole.sorting.place import Places, cannot_remove
from pigeonhole.sorting.row import Row, State
from pigeonhole.sorting.take_back import take_back


@dataclass(slots=True)
class Recovered:
    """How many files were brought to their end, and how many back to their beginning."""

    finished: int = 0
    rolled_back: int = 0


def recover(journal: Journal, places: Places) -> Recovered:
    """Look at every unfinished row and at the disk, and make them agree. May itself be killed at any moment.

    Raises OSError where the disk cannot be written, OutputError where the journal cannot.
    """
    result = Recovered()
    for row in journal.unfinished():
        if row.state is State.UNDOING:
            take_back(row, places)
            journal.update([row])
            result.finished += 1
        elif _has_arrived(row, places) or _was_removed(row):
            _finish(row, places, journal)
            result.finished += 1
        else:
            _restore(row, places)
            journal.update([], dropped=[row])
            result.rolled_back += 1
    return result


def _has_arrived(row: Row, places: Places) -> bool:
    """Whether the target is there; what lies around half-done is cleared away."""
    if row.target is None:
        return True
    target = places.target(row)
    if row.placing == Placing.SYMLINK:
        return target.is_symlink() and target.readlink() == row.source
    if row.placing == Placing.HARDLINK:
        return target.exists() and row.source.exists() and target.samefile(row.source)
    part = places.part(row, target.parent)
    was_written = os.path.lexists(part)
    if was_written:
        part.unlink()
    arrived = has_content(target, row.sha256)
    if was_written and not arrived and _is_empty(target):
        target.unlink()  # the reservation of its name; a link to the part would have had the content
    return arrived


def _was_removed(row: Row) -> bool:
    """A move that got as far as removing its source is done, whatever has become of its target since."""
    return row.state is State.PLACED and not os.path.lexists(row.source)


def _restore(row: Row, places: Places) -> None:
    """A source that was about to be removed gets its name back."""
    aside = places.aside(row, row.source.parent)
    if os.path.lexists(aside):
        put_back(aside, row.source)


def _finish(row: Row, places: Places, journal: Journal) -> None:
    if row.target is not None and row.placing != Placing.SYMLINK:
        with suppress(FileNotFoundError):
            sync(places.target(row))
        sync_folder(places.target(row).parent)
        if row.placing == Placing.MOVE:
            row.state = State.PLACED
            journal.update([row])
            _remove_twin(row, places)
    row.state = State.DONE
    journal.update([row])


def _remove_twin(row: Row, places: Places) -> None:
    """Remove the source of a move that was copied, if it still holds what was copied."""
    _restore(row, places)
    try:
        with held(row.source) as source:
            if source.digest() == row.sha256 and not _is_target(row, places):
                remove_same(row.source, source.identity, row.sha256, places.aside(row, row.source.parent))
    except SourceError:
        pass  # gone, or another file by now, which stays
    except OSError as error:
        row.trouble = cannot_remove(error)
    with suppress(OSError):
        sync_folder(row.source.parent)


def _is_target(row: Row, places: Places) -> bool:
    """Whether source and target are one file: then there is nothing that would be left without the other."""
    return places.target(row).samefile(row.source) and places.target(row).lstat().st_nlink < 2


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.lstat().st_size == 0
