"""A link in a sorted folder that gives its place to another one, and gets it back; the file that it leads to stays."""

from collections.abc import Collection
from pathlib import Path

from pigeonhole.files.source import SourceError, open_unchanged
from pigeonhole.journal.entry import JournalEntry, State, Verdict
from pigeonhole.placing import Placing, Refused
from pigeonhole.placing.output_folder import OutputFolder
from pigeonhole.placing.undo_all import undo_entries
from pigeonhole.records import Guess, Placed
from pigeonhole.sorting import Sorter, SortOptions, Template


def take_link_away(folder: OutputFolder, link: Path, source: Path, named: Collection[Path]) -> None:
    """Undo the placing of `link`, which leads to `source`; nothing where that was done. Raises SourceError where it is
    another link by now.
    """
    entry = _entry_of(folder, link, source)
    if entry is not None and entry.state is State.DONE:
        (result,) = undo_entries([entry], folder, named)
        if isinstance(result, Refused):
            raise SourceError(result.reason)


def put_link_back(folder: OutputFolder, link: Path, source: Path) -> None:
    """Place it again as it was, with the answer that the journal has; nothing where it is there. Raises SourceError."""
    entry = _entry_of(folder, link, source)
    if entry is None or entry.state is State.DONE:
        return
    with open_unchanged(source) as file:
        if file.digest() != entry.sha256:
            raise SourceError("it was changed since it was sorted")
        ranking = ((entry.category or "", entry.score or 0.0),)
        why_unknown = entry.reason if entry.verdict is Verdict.UNKNOWN else ""
        guess = Guess(source, ranking, entry.sha256, file.identity, why_unknown=why_unknown or "")
    name = str(link.relative_to(folder.path).with_suffix("")).replace("{", "{{").replace("}", "}}")
    outcome = Sorter(folder, SortOptions(Placing.SYMLINK, Template(name + "{ext}"))).place(guess)
    if not isinstance(outcome, Placed):
        raise SourceError(outcome.reason, transient=getattr(outcome, "transient", False))


def _entry_of(folder: OutputFolder, link: Path, source: Path) -> JournalEntry | None:
    """The latest that placed `link`."""
    found = folder.writing.since(0, source)
    return next((each for each in found if each.target is not None and folder.paths.target(each) == link), None)
