"""What was decided is done with the files, through the journals of the folders concerned, and taken back again.

Each call may be repeated after it was killed at any moment: the journal tells what was done.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from pigeonhole import failpoints
from pigeonhole.errors import OutputError, PigeonholeError
from pigeonhole.files.source import SourceError, open_unchanged
from pigeonhole.journal.entry import JournalEntry
from pigeonhole.journal.entry import State as EntryState
from pigeonhole.labelling.decision import Decision, State, Step
from pigeonhole.labelling.links import put_link_back, take_link_away
from pigeonhole.placing import Placing, Refused
from pigeonhole.placing.output_folder import BusyError, OutputFolder
from pigeonhole.placing.turn import PATIENCE_SECONDS
from pigeonhole.placing.undo_all import undo_entries
from pigeonhole.records import Guess, Placed
from pigeonhole.sorting import Sorter, SortOptions, Template
from pigeonhole.sorting.seen_files import absolute
from pigeonhole.text import printable

WriteDown = Callable[[Decision], None]
"""Keeps on the disk how far a decision has come."""


class OpenFolders:
    """Folders with journals, each opened once for many steps, and held until the end.

    `named` are the folders that the user named. Nothing is done outside them, whatever a file of decisions says: that
    file may have come along with a folder from elsewhere.
    """

    def __init__(self, named: Collection[Path]) -> None:
        self.named = named
        self._open: dict[Path, OutputFolder] = {}
        self._busy: dict[Path, BusyError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def get(self, root: Path) -> OutputFolder:
        """Raises OutputError where another process keeps it, it cannot be written, or it is in none that was named. A
        watcher gives way.
        """
        self.check(root)
        if error := self._busy.get(root):
            raise error
        if root not in self._open:
            try:
                self._open[root] = OutputFolder.open(root, self.named, PATIENCE_SECONDS)
            except BusyError as error:
                self._busy[root] = error  # nobody waits for it twice
                raise
        return self._open[root]

    def check(self, path: Path) -> None:
        """Raise OutputError where `path` lies in none of the folders that the user named."""
        if not any(absolute(path).is_relative_to(folder) for folder in self.named):
            raise OutputError(
                f"A decision from before is about {printable(path)}.",
                "Start the page with its folder to have it carried out.",
            )

    def drop(self, root: Path) -> None:
        """After a failure it is looked at anew."""
        if root in self._open:
            self._open.pop(root).close()


def carry_out(decision: Decision, write_down: WriteDown, folders: OpenFolders) -> None:
    """Do what is left of a decision, as long as it is WANTED. A step that another process stands in the way of is left
    for later; `concluded` tells what has become of it.
    """
    for step in decision.steps:
        if decision.state is State.WANTED and step.state is State.WANTED:
            with _troubled(step, folders):
                folders.check(step.source or decision.place)
                _do(decision, step, write_down, folders)


def take_back(decision: Decision, write_down: WriteDown, folders: OpenFolders) -> None:
    """Undo what was done for an UNWANTED decision, the last step first. A step stays, with the reason, where its file
    is no longer what was put there.
    """
    for step in reversed(decision.steps):
        if step.first_entry is not None and step.state in (State.DONE, State.WANTED):
            with _troubled(step, folders):
                _undo(decision, step, write_down, folders)
        elif step.state is State.WANTED:
            step.state = State.UNDONE
        if step.state not in (State.UNDONE, State.REFUSED):
            break


def concluded(decision: Decision) -> State:
    """The state that its steps give a decision which is WANTED or UNWANTED."""
    states = {step.state for step in decision.steps}
    if decision.state is State.WANTED:
        if states <= {State.DONE}:
            return State.DONE
        return State.WANTED if State.WANTED in states else State.REFUSED
    return State.UNDONE if states <= {State.UNDONE, State.REFUSED} else State.UNWANTED


def _do(decision: Decision, step: Step, write_down: WriteDown, folders: OpenFolders) -> None:
    folder = folders.get(step.root)
    source = step.source or decision.place
    entry = _own_entry(folder, step, absolute(source), decision)
    if entry is None:
        step.first_entry, step.source = folder.writing.next_id(), source
        write_down(decision)
        failpoints.failpoint("step begun")
        if step.placing is Placing.SYMLINK:
            take_link_away(folder, decision.path, absolute(source), folders.named)
            failpoints.failpoint("link taken away")
        step.target = _placed(folder, step, source, decision.sha256)
    else:
        step.target = folder.paths.target(entry)
    failpoints.failpoint("step placed")
    step.state = State.DONE
    write_down(decision)
    failpoints.failpoint("step done")


def _placed(folder: OutputFolder, step: Step, source: Path, sha256: str) -> Path:
    with open_unchanged(source) as file:
        if file.digest() != sha256:
            raise SourceError("it was changed since it was shown")
        guess = Guess(source, ((step.label, 1.0),), sha256, file.identity)
    outcome = Sorter(folder, SortOptions(step.placing, Template(step.template))).place(guess)
    if not isinstance(outcome, Placed):
        raise SourceError(outcome.reason, transient=getattr(outcome, "transient", False))
    return outcome.target


def _undo(decision: Decision, step: Step, write_down: WriteDown, folders: OpenFolders) -> None:
    folder = folders.get(step.root)
    source = absolute(step.source or decision.path)
    entry = _own_entry(folder, step, source, decision)
    if entry is not None:
        (result,) = undo_entries([entry], folder, folders.named)
        if isinstance(result, Refused):
            raise SourceError(result.reason)
    if step.placing is Placing.SYMLINK:
        failpoints.failpoint("new link taken away")
        put_link_back(folder, decision.path, source)
    failpoints.failpoint("step taken back")
    step.state, step.trouble = State.UNDONE, ""
    write_down(decision)


def _own_entry(folder: OutputFolder, step: Step, source: Path, decision: Decision) -> JournalEntry | None:
    """What the journal has of this step, None where nothing was done for it, or where that was taken back."""
    if step.first_entry is None:
        return None
    for entry in folder.writing.since(step.first_entry, source):
        is_old_link = entry.target is not None and folder.paths.target(entry) == decision.path  # which was put back
        if entry.state is EntryState.DONE and entry.sha256 == decision.sha256 and not is_old_link:
            return entry
    return None


@contextmanager
def _troubled(step: Step, folders: OpenFolders) -> Iterator[None]:
    """What keeps a step from being done is written beside it; what cannot get better refuses it."""
    try:
        yield
        step.trouble = ""
    except SourceError as error:
        step.trouble = error.reason
        if not error.transient:
            step.state = State.REFUSED
    except BusyError as error:
        step.trouble = (
            f"What was decided on waits until {error.holder} no longer sorts into {printable(step.root)}. "
            "The copies to learn from do not wait."
        )
    except OutputError as error:
        folders.drop(step.root)
        step.trouble = str(error)
    except PigeonholeError as error:
        step.trouble, step.state = str(error), State.REFUSED
    except OSError as error:
        step.trouble = f"{error.strerror or error}"
