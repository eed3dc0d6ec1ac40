"""The pictures that a person looks at: those of sorted folders with what the journal says of them, and others."""

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pigeonhole import own_names
from pigeonhole.files import find
from pigeonhole.files.source import leads_to
from pigeonhole.journal.entry import JournalEntry, State, Verdict
from pigeonhole.labelling.decision import Kind
from pigeonhole.placing import Placing, journal_entries
from pigeonhole.placing.output_folder import has_journal_folder
from pigeonhole.records import Failed, Found, Skipped
from pigeonhole.sorting.seen_files import absolute

_NOT_SHOWN = frozenset((own_names.UNREADABLE, own_names.SET_ASIDE))


@dataclass(slots=True, eq=False)
class Picture:
    """One picture. `root` is the folder that it was found in. `category` is what it is taken for, with `score` (0 to 1,
    None where nobody can tell); `why` it is unknown. `sha256` is None until its bytes were read. `original` is what the
    file was called before it was sorted. `links_to` is the file itself where `path` is a link to it.

    `identifier` is what a page calls it: it follows from the path alone, and does not give it away.
    """

    path: Path
    root: Path
    kind: Kind
    category: str | None = None
    score: float | None = None
    why: str = ""
    sha256: str | None = None
    original: str = ""
    identifier: str = ""
    links_to: Path | None = None

    def __post_init__(self) -> None:
        self.original = self.original or self.path.name
        self.identifier = self.identifier or identifier_of(self.path)

    @property
    def found(self) -> Found:
        return Found(self.path, self.path.relative_to(self.root))


def identifier_of(path: Path) -> str:
    return blake2b(os.fsencode(path), digest_size=12).hexdigest()


def is_sorted_folder(folder: Path) -> bool:
    """Whether anything was ever sorted into `folder`, so that it has a journal. Raises OutputError."""
    return has_journal_folder(folder) and (folder / own_names.FOLDER / "journal.sqlite").exists()


def pictures_in(folder: Path, named: Collection[Path] = ()) -> Iterator[Picture]:
    """The pictures below `folder`, those of a sorted folder with their answers; none is opened where its name tells.
    Links that were placed there are pictures if they lead into one of the folders `named`.

    Raises OutputError where the journal is damaged.
    """
    root = absolute(folder)
    if not is_sorted_folder(folder):
        yield from (Picture(item.path, root, Kind.UNSORTED) for item in find(root) if isinstance(item, Found))
        return
    entries, origin = _by_target_and_origin(journal_entries(folder))
    for item in find(root):
        if isinstance(item, Failed):
            continue
        relative = item.path.relative_to(root)
        entry = entries.get(os.fsencode(relative))
        if relative.parts[0] in _NOT_SHOWN or (isinstance(item, Skipped) and not _is_link(item, entry, named)):
            continue
        if entry is None:
            yield Picture(item.path, root, Kind.SORTED)
        else:
            name, sha256 = origin.get(entry.sha256, item.path.name), entry.sha256
            links_to = entry.source if isinstance(item, Skipped) else None
            answer = entry.category, entry.score, _why(entry), sha256, name
            yield Picture(item.path, root, Kind.SORTED, *answer, links_to=links_to)


def _is_link(item: Skipped, entry: JournalEntry | None, named: Collection[Path]) -> bool:
    """Whether it is the link that the journal's `entry` says, and leads into a folder that the user named."""
    return (
        entry is not None
        and entry.placing == Placing.SYMLINK
        and any(entry.source.is_relative_to(folder) for folder in named)
        and leads_to(item.path, entry.source)
    )


def training_pictures(data: Path) -> Iterator[Picture]:
    """Those of TF_FILES/data/<category>/."""
    root = absolute(data)
    if not root.is_dir():
        return
    for item in find(root):
        if isinstance(item, Found) and len(item.relative.parts) > 1:
            yield Picture(item.path, root, Kind.TRAINING, item.relative.parts[0])


def _by_target_and_origin(entries: Iterable[JournalEntry]) -> tuple[dict[bytes, JournalEntry], dict[str, str]]:
    """The last entry for each target, and for each digest the name under which its file first arrived."""
    latest: dict[bytes, JournalEntry] = {}
    origin: dict[str, str] = {}
    for entry in entries:
        if entry.target is not None and entry.state is State.DONE:
            latest[os.fsencode(entry.target)] = entry
            origin.setdefault(entry.sha256, entry.source.name)
    return latest, origin


def _why(entry: JournalEntry) -> str:
    if entry.verdict is not Verdict.UNKNOWN:
        return ""
    return entry.reason or "its score was too low"
