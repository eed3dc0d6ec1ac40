"""A decision on a picture, and the steps that its files go through."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

from pigeonhole import own_names
from pigeonhole.placing import Placing
from pigeonhole.sorting.template import INTO_FOLDERS

CHECKED = "{category}-checked{ext}"  # a sorted picture that a person looked at has no score any more
ASIDE = f"{own_names.SET_ASIDE}/{{stem}}{{ext}}"


class State(StrEnum):
    """Of a decision and of its steps: WANTED → DONE → UNWANTED → UNDONE.

    A WANTED one may become UNDONE at once where nothing was done. REFUSED: its file was no longer what it was.
    """

    WANTED = "wanted"
    DONE = "done"
    UNWANTED = "unwanted"
    UNDONE = "undone"
    REFUSED = "refused"


class Kind(StrEnum):
    """Where a picture lies, which decides what is done with its file."""

    SORTED = "sorted"  # in a sorted folder, which has a journal
    UNSORTED = "unsorted"  # in a folder of the user's own: its file stays as it is
    TRAINING = "training"  # in TF_FILES/data/<category>/
    UPLOADED = "uploaded"  # in our own folder, until the page is closed


@dataclass(slots=True)
class Step:
    """A file goes from `source` (None: from where the step before it put the file) into the folder `root`, which has a
    journal, under the name that `template` and `label` make. With SYMLINK, a link to `source` takes the place of the
    one that was decided on.

    `first_entry` is the number from which the journal's entries may be this step's, None before it was begun; `target`
    is where the file stands when it is done. `trouble` says why it is not done yet.
    """

    root: Path
    placing: Placing
    template: str
    label: str
    source: Path | None = None
    state: State = State.WANTED
    first_entry: int | None = None
    target: Path | None = None
    trouble: str = ""


@dataclass(slots=True)
class Decision:
    """The picture at `path`, whose bytes have the digest `sha256`, is of `category` (None: it was set aside).

    `picture` is the identifier of the picture that was decided on. Those of one `batch` are taken back together.
    """

    number: int
    picture: str
    path: Path
    sha256: str
    category: str | None
    steps: list[Step]
    batch: str
    state: State = State.WANTED

    @property
    def place(self) -> Path:
        """Where the file stands that the person looked at."""
        moves = (Placing.MOVE, Placing.SYMLINK)
        moved = [step.target for step in self.steps if step.placing in moves and step.state is State.DONE]
        return next((target for target in reversed(moved) if target), self.path)

    @property
    def left(self) -> list[Path]:
        """Where its files stood before it was taken back."""
        return [step.target for step in self.steps if step.target]

    @property
    def trouble(self) -> str:
        """Why it is not carried out yet, empty where it is."""
        return next((step.trouble for step in self.steps if step.trouble), "")


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides about the steps: where the picture lies (`root` is the folder with the journal, None for pictures of
    no such folder), its category as it is now, what the file was called before it was sorted, and whether a training
    picture with the same bytes is there already. `links_to` as in Picture.
    """

    kind: Kind
    path: Path
    root: Path | None
    category: str | None
    original: str
    twin: Path | None = None
    twin_category: str | None = None
    links_to: Path | None = None


def steps_for(situation: Situation, category: str | None, data: Path, aside: Path) -> list[Step]:
    """What is to be done for a picture that is of `category` (None: set aside). `data` is TF_FILES/data, `aside` the
    folder for training pictures that are set aside.
    """
    if situation.kind is Kind.TRAINING:
        return _steps_for_training(situation, category, data, aside)
    steps = []
    link = situation.links_to
    moving, source = (Placing.MOVE, situation.path) if link is None else (Placing.SYMLINK, link)
    if situation.root is not None:
        in_folders = len(situation.path.relative_to(situation.root).parts) > 1
        if category is None:
            steps.append(Step(situation.root, moving, ASIDE, own_names.SET_ASIDE, source))
        elif category != situation.category or not _is_named_after(situation.path, category):
            template = INTO_FOLDERS if in_folders else CHECKED
            steps.append(Step(situation.root, moving, template, category, source))
    if category is None:
        return steps
    if situation.twin is None:
        way = Placing.MOVE if situation.kind is Kind.UPLOADED else Placing.COPY
        name = _as_it_was_called(situation.original)
        steps.append(Step(data, way, name, category, None if steps and link is None else source))
    elif situation.twin_category != category:
        steps.append(Step(data, Placing.MOVE, INTO_FOLDERS, category, situation.twin))
    return steps


def _steps_for_training(situation: Situation, category: str | None, data: Path, aside: Path) -> list[Step]:
    if category is None:
        label = situation.category or own_names.SET_ASIDE
        return [Step(aside, Placing.MOVE, INTO_FOLDERS, label, situation.path)]
    if category == situation.category:
        return []
    return [Step(data, Placing.MOVE, INTO_FOLDERS, category, situation.path)]


def _is_named_after(path: Path, category: str) -> bool:
    """Whether a sorted picture lies under the name of `category` already."""
    return PurePath(path).name.startswith(f"{category}-") or path.parent.name == category


def _as_it_was_called(original: str) -> str:
    """The template that gives a training picture its old name: films and bursts are known by their pictures' names."""
    stem = PurePath(original).stem.replace("{", "{{").replace("}", "}}")
    return f"{{category}}/{stem}{{ext}}"
