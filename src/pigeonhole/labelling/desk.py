"""What a person decides: written down at once, carried out behind their back in the same order, undone at any depth."""

import secrets
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pigeonhole import own_names
from pigeonhole.errors import OutputError, UsageError, not_written
from pigeonhole.files import Lock, TakenError
from pigeonhole.files.source import SourceError, open_unchanged
from pigeonhole.labelling.carry_out import OpenFolders, carry_out, concluded, take_back
from pigeonhole.labelling.category import category_named, folders_in
from pigeonhole.labelling.decision import Decision, Kind, Situation, State, steps_for
from pigeonhole.labelling.decision_file import DecisionFile
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.places import Places
from pigeonhole.sorting.seen_files import absolute
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

RETRY_SECONDS = 3.0  # until a folder that another process holds is asked again
AT_ONCE = 50  # decisions for which a folder is held; then whoever waits for it has a turn
REFUSALS = 5  # that are remembered
LOCK = "page.lock"

Changed = Callable[[Decision], None]
"""Told of every decision that was made, carried out or taken back."""


class Desk:
    """Held by one process for each TF_FILES. Threads may share it."""

    def __init__(self, workspace: Workspace, folders: Iterable[Path] = ()) -> None:
        """Go on with what a killed process left. Raises OutputError where another has TF_FILES, or nobody may write.

        Files are moved in TF_FILES and in `folders` alone, which the user has named.
        """
        workspace = Workspace(absolute(workspace.root))
        self._named = (workspace.root, *map(absolute, folders))
        own = workspace.root / own_names.FOLDER
        try:
            own.mkdir(parents=True, exist_ok=True)
            self._taken = Lock(own / LOCK)
        except TakenError as error:
            raise OutputError(
                f"{error} shows the page of {printable(workspace.root)} already.".capitalize(),
                "Use that page, or end it with Ctrl-C first.",
            ) from None
        except OSError as error:
            raise not_written(f"{printable(own)}", error) from None
        self.workspace = workspace
        self._file = DecisionFile.open(own)
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._in_force = {decision.number: decision for decision in self._file.in_force()}
        self._open = {each.number: self._in_force.get(each.number, each) for each in self._file.open_ones()}
        self._places = Places()
        for decision in self._in_force.values():
            self._places.put(decision)
        self._stalled = ""  # why the file of decisions cannot be written
        self._refusals: deque[str] = deque(maxlen=REFUSALS)
        self._training: dict[str, tuple[Path, str]] = {}
        self._labels: set[str] = set()
        self._listeners: list[Changed] = []
        self._is_ending = False
        self._is_busy = False
        self._thread = threading.Thread(target=self._run, name="decisions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go once the step in hand is done; the rest is carried out next time."""
        with self._work:
            self._is_ending = True
            self._work.notify_all()
        self._thread.join()
        self._file.close()
        self._taken.release()

    def listen(self, changed: Changed) -> None:
        self._listeners.append(changed)

    def know_training(self, known: Iterable[tuple[str, Path, str]]) -> None:
        """The digests, paths and categories of training pictures: what is one already is not copied once more."""
        with self._lock:
            for sha256, path, category in known:
                self._training.setdefault(sha256, (path, category))

    def know_categories(self, labels: Iterable[str]) -> None:
        """Categories that have no folder yet, such as those of a model that came from elsewhere."""
        with self._lock:
            self._labels |= set(labels)

    def categories(self) -> list[str]:
        """All that are known, in the order of the alphabet."""
        with self._lock:
            wanted = {decision.category for decision in self._in_force.values() if decision.category}
        return sorted(wanted | self._labels | set(folders_in(self.workspace.data)))

    def decide(self, answers: Sequence[tuple[Picture, str | None]], batch: str = "") -> list[Decision]:
        """Say of each picture of what category it is, as typed; None: set it aside. On return it survives a power cut.
        All that is said under one `batch` is taken back together.

        Raises UsageError where that cannot be a category, or one of them was decided on already or is another file now;
        then nothing was decided.
        """
        with self._work:
            known = set(self.categories())
            batch = batch or secrets.token_hex(8)
            decisions = []
            for picture, typed in answers:
                category = None if typed is None else category_named(typed, known)
                known |= {category} if category else set()
                decisions.append(self._decision(picture, category, batch))
            self._file.add(decisions)
            for decision in decisions:
                self._in_force[decision.number] = decision
                self._places.put(decision)
                self._open[decision.number] = decision
            self._work.notify_all()
        for decision in decisions:
            self._tell(decision)
        return decisions

    def undo(self) -> list[Decision]:
        """Take the latest batch of decisions back; none where there is none. What was done with their files is undone
        soon, the last first.
        """
        with self._work:
            latest = self._in_force[max(self._in_force)].batch if self._in_force else None
            decisions = [each for each in self._in_force.values() if each.batch == latest]
            for decision in decisions:
                decision.state = State.UNWANTED
            self._file.update(*decisions)
            for decision in reversed(decisions):
                del self._in_force[decision.number]
                self._places.remove(decision)
                self._open.pop(decision.number, None)
                self._open[decision.number] = decision  # behind the others
            self._work.notify_all()
        for decision in decisions:
            self._tell(decision)
        return decisions

    def is_decided(self, path: Path) -> bool:
        """Whether a decision holds for the picture that stands at `path`, or stood there when it was decided on."""
        with self._lock:
            return path in self._places

    def in_force(self) -> list[Decision]:
        """The decisions that hold, the oldest first."""
        with self._lock:
            return list(self._in_force.values())

    def counts(self) -> tuple[int, int]:
        """How many decisions hold, and how many are still to be carried out or taken back."""
        with self._lock:
            return len(self._in_force), len(self._open)

    def place_of(self, path: Path) -> Path:
        """Where the file stands now that stood at `path` when it was decided on."""
        with self._lock:
            decision = self._in_force.get(self._places.number_at(path) or 0)
            return path if decision is None else decision.place

    def troubles(self) -> list[str]:
        """Why decisions are not carried out yet, each reason once."""
        with self._lock:
            reasons = [self._stalled, *(decision.trouble for decision in self._open.values())]
        return list(dict.fromkeys(reason for reason in reasons if reason))

    def refusals(self) -> list[str]:
        """What could not be done at the last decisions, or not be taken back, and why."""
        with self._lock:
            return list(self._refusals)

    def settle(self) -> None:
        """Wait until everything that can be carried out is."""
        with self._work:
            self._work.wait_for(lambda: not self._is_busy and not self._can_go_on())

    def _decision(self, picture: Picture, category: str | None, batch: str) -> Decision:
        if self.is_decided(picture.path):
            raise UsageError("This picture was decided on already, perhaps in another window.", "Look at the next one.")
        try:
            with open_unchanged(picture.links_to or picture.path) as file:
                sha256 = file.digest()
        except SourceError as error:
            raise UsageError(f"{printable(picture.path.name)}: {error.reason}.", "Load the page again.") from None
        if picture.sha256 not in (None, sha256):
            raise UsageError(f"{printable(picture.path.name)} was changed since it was shown.", "Load the page again.")
        picture.sha256 = sha256
        twin, twin_category = self._training.get(sha256, (None, None))
        if twin is not None and not twin.exists():
            twin, twin_category = None, None
        root = picture.root if picture.kind is Kind.SORTED else None
        known = picture.category, picture.original, twin, twin_category, picture.links_to
        situation = Situation(picture.kind, picture.path, root, *known)
        workspace = self.workspace
        steps = steps_for(situation, category, workspace.data, workspace.root / own_names.SET_ASIDE)
        return Decision(0, picture.identifier, picture.path, sha256, category, steps, batch)

    def _run(self) -> None:
        try:
            self._carry_on()
        except Exception:  # a thread that ends silently would leave the page waiting
            with self._work:
                self._is_busy = False
                self._stalled = (
                    "Decisions are written down and not carried out any more, because of a mistake in pigeonhole; the"
                    " terminal shows it. Start the page again."
                )
                self._work.notify_all()
            traceback.print_exc()

    def _carry_on(self) -> None:
        while True:
            with self._work:
                self._is_busy = False
                self._work.notify_all()
                if not (self._is_ending or self._can_go_on()):  # the call to end may have come already
                    self._work.wait(RETRY_SECONDS if self._open else None)
                if self._is_ending:
                    return
                self._is_busy = True
                todo = list(self._open.values())
            for start in range(0, len(todo), AT_ONCE):
                with OpenFolders(self._named) as folders:
                    for decision in todo[start : start + AT_ONCE]:
                        if self._is_ending:
                            return
                        self._advance(decision, folders)

    def _advance(self, decision: Decision, folders: OpenFolders) -> None:
        """One decision as far as it gets; it may be taken back meanwhile."""
        wanted = decision.state is State.WANTED
        try:
            (carry_out if wanted else take_back)(decision, self._file.update, folders)
            with self._lock:
                decision.state = concluded(decision)
                self._file.update(decision)
        except OutputError as error:  # it stays open, and is tried again
            self._stalled = str(error)
            return
        with self._work:
            self._stalled = ""
            self._remember(decision)
        self._tell(decision)

    def _remember(self, decision: Decision) -> None:
        """Where its files are now, for the next decision on the same picture."""
        for step in decision.steps:
            if step.state is State.REFUSED:
                self._refusals.append(f"{printable(decision.path.name)}: {step.trouble}")
            elif step.root == self.workspace.data and step.target and step.state is State.DONE:
                self._training[decision.sha256] = step.target, step.label
        if decision.state in (State.WANTED, State.UNWANTED):
            return
        del self._open[decision.number]
        if decision.state is State.DONE:
            self._places.put(decision)
        else:
            self._training.pop(decision.sha256, None)
            self._in_force.pop(decision.number, None)
            self._places.remove(decision)

    def _can_go_on(self) -> bool:
        """Whether there is something to do that nothing is known to stand in the way of."""
        return not self._stalled and not all(decision.trouble for decision in self._open.values())

    def _tell(self, decision: Decision) -> None:
        for changed in self._listeners:
            changed(decision)
