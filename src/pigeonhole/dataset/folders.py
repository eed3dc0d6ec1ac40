"""The training pictures: one folder per category, and whether a model can be trained on them at all."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pigeonhole import own_names
from pigeonhole.errors import DataError, UnreadableError
from pigeonhole.files import digest, find, read
from pigeonhole.files.find import HIDDEN_FOLDER
from pigeonhole.files.hidden import is_hidden_folder, is_never_taken
from pigeonhole.output import Output, Silent
from pigeonhole.output.skipped import SkippedTally
from pigeonhole.records import Failed, Found, Skipped, Unreadable
from pigeonhole.text import one_spelling, printable
from pigeonhole.workspace import DATA, UNKNOWN, VALID, Workspace

LEAST_PICTURES = 2  # one to learn from and one to check with
Part = Literal["data", "valid"]


@dataclass(frozen=True, slots=True)
class Example:
    """One picture whose category is known. `sha256` is the digest of its bytes, `part` the folder it lies in."""

    found: Found
    category: str
    sha256: str
    part: Part = DATA


@dataclass(frozen=True, slots=True)
class Dataset:
    """All examples, those of data/ first, each part ordered by category and path; the files that had to be left out;
    the out-of-distribution (OOD) images `ood`, those of data/unknown; and `notes`, sentences for the user on what was
    not looked at.
    """

    examples: tuple[Example, ...]
    left_out: tuple[Unreadable | Failed, ...]
    ood: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(sorted({example.category for example in self.examples}))

    @property
    def targets(self) -> list[int]:
        """For each example the index of its category."""
        index = {category: number for number, category in enumerate(self.categories)}
        return [index[example.category] for example in self.examples]

    @property
    def digest(self) -> str:
        """The SHA-256 over every picture's digest with its label: the same for the same pictures, wherever they lie."""
        lines = sorted(f"{example.sha256} {example.category}" for example in self.examples)
        return digest("\n".join(lines).encode("utf-8", "surrogateescape"))

    def without(self, problems: Sequence[Unreadable | Failed]) -> "Dataset":
        """The dataset without the files of `problems`. Raises DataError where too few are left."""
        bad = {problem.path for problem in problems}
        kept = tuple(example for example in self.examples if example.found.path not in bad)
        ood = tuple(example for example in self.ood if example.found.path not in bad)
        _check(_folder_of(self.examples[0]), self.categories, kept)
        return replace(self, examples=kept, left_out=(*self.left_out, *problems), ood=ood)

    def labelled_twice(self) -> Iterator[tuple[Example, Example]]:
        """Pairs of the same picture in two categories."""
        first: dict[str, Example] = {}
        for example in self.examples:
            known = first.setdefault(example.sha256, example)
            if known.category != example.category:
                yield known, example


def read_dataset(workspace: Workspace, output: Output | None = None) -> Dataset:
    """Find and hash every picture below TF_FILES/data/<category>/ and, if it is there, TF_FILES/valid/<category>/.

    `output` shows how far it is. Raises DataError where there is nothing to learn from.
    """
    output = output or Silent()
    data, valid = workspace.data, workspace.valid
    if not data.is_dir():
        raise DataError(f"There is no folder {printable(data)}.")
    skipped = SkippedTally(has_option=False)
    folders = _folders(data, skipped)
    unknown = {UNKNOWN: folders.pop(UNKNOWN, [])}
    if not folders:
        raise DataError(f"{printable(data)} holds no folders, so there are no categories.")
    if len(folders) == 1:
        raise DataError(f"{printable(data)} holds a single category, {printable(*folders)}; nothing to tell it from.")
    examples, problems = _examples(folders, DATA, skipped, output)
    _check(data, tuple(folders), examples)
    ood, of_ood = _examples(unknown, DATA, skipped, output)
    validation, of_validation = _examples(_known_folders(valid, folders, skipped), VALID, skipped, output)
    if valid.is_dir() and not validation:
        raise DataError(f"{printable(valid)} holds no pictures.", "Put some of each category there, or take it away.")
    left_out = (*problems, *of_ood, *of_validation)
    notes = (*_merged(folders), *skipped.sentences())
    return Dataset((*examples, *validation), left_out, tuple(ood), notes)


def _folders(folder: Path, skipped: SkippedTally) -> dict[str, list[Path]]:
    """The folders of every category, in the order of the categories. Spellings of one name are one category."""
    own = folder / own_names.FOLDER
    aside = set()  # elsewhere these names may be someone's categories
    if own.is_dir():
        aside.add(own_names.UNREADABLE)
    if (own / own_names.PREPARED).exists():
        aside.add(own_names.NO_FACE)
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        if not path.is_dir() or is_never_taken(path.name) or path.name in aside:
            continue
        if is_hidden_folder(path.name):
            skipped.add(Skipped(path, HIDDEN_FOLDER))
            continue
        found[one_spelling(path.name)].append(path)
    return dict(sorted(found.items()))


def _merged(folders: Mapping[str, Sequence[Path]]) -> Iterator[str]:
    for category, paths in folders.items():
        if len(paths) > 1:
            yield (
                f"{len(paths)} folders are called {printable(category)}, in different encodings of its letters; they"
                " are one category."
            )


def _known_folders(valid: Path, categories: Collection[str], skipped: SkippedTally) -> dict[str, list[Path]]:
    """The folders of the categories in `valid`. Raises DataError where it has others."""
    found = _folders(valid, skipped) if valid.is_dir() else {}
    if strange := [name for name in found if name not in categories]:
        raise DataError(
            f"{printable(valid)} has a folder {printable(strange[0])}, "
            f"which is no category in {printable(valid.parent / DATA)}.",
            "Give it the name of a category, or take it away.",
        )
    return found


def _examples(
    folders: Mapping[str, Sequence[Path]], part: Part, skipped: SkippedTally, output: Output
) -> tuple[list[Example], list[Unreadable | Failed]]:
    examples: list[Example] = []
    problems: list[Unreadable | Failed] = []
    files = {
        category: [file for path in paths for file in skipped.counting(find(path)) if isinstance(file, Found | Failed)]
        for category, paths in folders.items()
    }
    total = sum(map(len, files.values()))
    with output.stage("Reading pictures", total) as advance, ThreadPoolExecutor() as pool:
        for category, own in files.items():
            results = []
            for result in pool.map(lambda file, name=category: _example(file, name, part), own):
                results.append(result)
                advance()
            for result in sorted(results, key=_path_of):
                (examples if isinstance(result, Example) else problems).append(result)  # type: ignore[arg-type]
    return examples, problems


def _path_of(result: Example | Unreadable | Failed) -> str:
    return str(result.found.path if isinstance(result, Example) else result.path)


def _example(file: Found | Failed, category: str, part: Part) -> Example | Unreadable | Failed:
    if isinstance(file, Failed):
        return file
    try:
        data, _ = read(file.path)
        return Example(file, category, digest(data), part)
    except UnreadableError as error:
        return Unreadable(file.path, str(error))
    except OSError as error:
        return Failed(file.path, f"it cannot be read: {error.strerror}")


def different_pictures(examples: Sequence[Example]) -> Counter[str]:
    """How many pictures each category has to learn from, copies counted once."""
    return Counter(category for category, _ in {(each.category, each.sha256) for each in examples if each.part == DATA})


def _check(data: Path, categories: Sequence[str], examples: Sequence[Example]) -> None:
    counts = different_pictures(examples)
    few = [
        f"{printable(category)} ({counts[category]})" for category in categories if counts[category] < LEAST_PICTURES
    ]
    if few:
        raise DataError(
            f"In {printable(data)} these categories have fewer than {LEAST_PICTURES} different pictures "
            f"that can be read: {', '.join(few)}.",
            "Add pictures to each, or take the folder away.",
        )


def _folder_of(example: Example) -> Path:
    """The folder that holds the categories."""
    return example.found.path.parents[len(example.found.relative.parts)]
