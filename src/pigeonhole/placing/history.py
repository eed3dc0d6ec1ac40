"""What was done in an output folder, for people and programs."""

from collections.abc import Iterator
from pathlib import Path

from pigeonhole.errors import UsageError
from pigeonhole.journal.entry import JournalEntry
from pigeonhole.placing.output_folder import OutputFolder
from pigeonhole.text import printable


def journal_entries(out: Path) -> Iterator[JournalEntry]:
    """Everything that was done in `out`, the oldest first; nothing is written, and a run may be going on.

    Raises UsageError where nothing was ever sorted into `out`, OutputError where the journal is damaged.
    """
    folder = OutputFolder.open_read_only(out)
    try:
        if folder.journal is None:
            raise UsageError(
                f"Nothing was ever sorted into {printable(out)}.", "Name the folder that guess-dir sorted into."
            )
        yield from folder.journal.oldest_first()
    finally:
        folder.close()
