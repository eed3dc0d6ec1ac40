"""An output folder that a stranger prepared: what its journal says is believed only where the user points."""

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files.source import status_of
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.journal.journal import Journal
from pigeonhole.text import printable, quantity

ELSEWHERE = "its old place is not below a folder named with --back-to"


def refuse_another_owner(own: Path) -> None:
    """Raise OutputError where the folder `own` (OUT/.pigeonhole) belongs to another user. Raises OSError."""
    owner = own.lstat().st_uid
    if owner == os.geteuid():
        return
    with tempfile.TemporaryFile(dir=own) as probe:
        if os.fstat(probe.fileno()).st_uid == owner:  # a share that gives all files to one user
            return
    raise OutputError(
        f"{printable(own)} belongs to another user, who may have written anything into it.",
        "Choose another folder, or make it your own first (with chown) if you trust it.",
    )


def is_believed(entry: JournalEntry, journal: Journal, out: Path, folders: Collection[Path]) -> bool:
    """Whether the source that `entry` names may be written or removed.

    Always where the journal was made here; else below `folders`, and where the entry knows the number that the file has
    on this disk, in its old place or (if it was renamed) in `out`: nobody else could have written that. Raises OSError.
    """
    if journal.is_from_here:
        return True
    above = Path(os.path.realpath(entry.source.parent))
    if any(above.is_relative_to(os.path.realpath(folder)) for folder in folders):
        return True
    places = [entry.source] if entry.target is None else [entry.source, out / entry.target]
    return any(_is_known(status_of(path), entry) for path in places)


def _is_known(status: os.stat_result | None, entry: JournalEntry) -> bool:
    if status is None:
        return False
    return (status.st_ino, status.st_size) == (entry.identity.inode, entry.identity.size)


def refuse_unfinished(journal: Journal, out: Path, folders: Collection[Path]) -> None:
    """Raise OutputError where an entry that would be finished or rolled back first is not to be believed."""
    for entry in journal.unfinished():
        if not is_believed(entry, journal, out, folders):
            raise OutputError(
                f"The journal in {printable(out)} was not made here, and says of {printable(entry.source)}, which you"
                " did not name, that it is being moved or copied.",
                "If that is right, first run: pigeonhole undo OUT --back-to FOLDER, with the folder that it came from."
                " Otherwise choose another OUT.",
            )


def refuse_to_guess(journal: Journal, out: Path) -> None:
    """Raise UsageError where undo would follow a journal from elsewhere, and no folder was named."""
    if journal.is_from_here:
        return
    count, above = 0, ""
    for entry in journal.oldest_first():
        if entry.state is not State.UNDONE and not is_believed(entry, journal, out, ()):
            folder = str(entry.source.parent)
            above = os.path.commonpath([above, folder]) if above else folder
            count += 1
    if count:
        raise UsageError(
            f"The journal in {printable(out)} was not made here: the folder was copied, moved to another disk, or given"
            f" to you. It says that {quantity(count, 'file')} came from {printable(above)} or folders below it.",
            f"If they may go back there, add: --back-to {printable(above)}",
        )
