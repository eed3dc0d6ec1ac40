"""What became of a file in an earlier run, as an outcome of this one."""

from pathlib import Path

from pigeonhole.files.source import SourceError, has_content, reason_of
from pigeonhole.journal.entry import JournalEntry, State
from pigeonhole.placing.mode import Placing
from pigeonhole.placing.output_folder import OutputFolder, sync_folders
from pigeonhole.placing.place import remove_source
from pigeonhole.records import Failed, Skipped
from pigeonhole.sorting.options import SortOptions
from pigeonhole.sorting.seen_files import SeenFiles, is_readable

ALREADY = "already sorted"  # how every such reason begins
STAYED = f"{ALREADY} by a run that did not move, so it stays where it is"
REMOVED = f"{ALREADY}, and now removed from where it was"
OPEN = "an earlier run was interrupted while it placed this file, and the disk does not tell where it stands"


class EarlierOutcomes:
    """Outcomes for files that need not be read again. Other threads than the one that sorts may ask."""

    def __init__(self, folder: OutputFolder, options: SortOptions, seen: SeenFiles) -> None:
        self._folder = folder
        self._options = options
        self._seen = seen

    def of_file(self, path: Path) -> Skipped | Failed | None:
        """What to say of the very file that stands at `path` now; None where it is to be sorted."""
        entry = self._seen.of_file(path)
        if entry is None or (not is_readable(entry) and self._options.retry_unreadable and entry.trouble is None):
            return None
        return self.of_entry(entry, path)

    def of_entry(self, entry: JournalEntry, path: Path) -> Skipped | Failed:
        """The same, where it is known to be the file of `entry`."""
        if entry.state is not State.DONE:
            return Failed(path, OPEN, transient=True)
        is_move = self._options.placing is Placing.MOVE and entry.target is not None
        if is_move and entry.trouble is not None:
            return self._remove(entry, path)
        return Skipped(path, STAYED if is_move else ALREADY)

    def _remove(self, entry: JournalEntry, path: Path) -> Skipped | Failed:
        """The source could not be removed then: try again, as long as what was made of it is still there."""
        if self._options.dry_run:
            return Skipped(path, ALREADY)
        journal, paths = self._folder.writing, self._folder.paths
        with self._folder.recovering:
            try:
                if not has_content(paths.target(entry), entry.sha256):
                    return Skipped(path, ALREADY)  # it may be the only copy by now
                entry.state = State.PLACED
                journal.update([entry])
                remove_source(entry, entry.identity, paths)
                sync_folders({entry.source.parent})
                journal.update([entry])
            except (OSError, SourceError) as error:
                return Failed(path, f"it stands in the output, but cannot be removed from here: {reason_of(error)}")
        return Failed(path, entry.trouble, transient=True) if entry.trouble else Skipped(path, REMOVED)
