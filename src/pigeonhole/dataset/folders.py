"""The training pictures: one folder per category, and whether they can be learnt from at all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pigeonhole import own_names
from pigeonhole.errors import DataError, UnreadableError
from pigeonhole.files import digest, find, read
from pigeonhole.records import Failed, Found, Unreadable
from pigeonhole.text import printable
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
    and the `strangers`, pictures of no category.
    """

    examples: tuple[Example, ...]
    left_out: tuple[Unreadable | Failed, ...]
    strangers: tuple[Example, ...] = ()

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
        strangers = tuple(example for example in self.strangers if example.found.path not in bad)
        _check(_folder_of(self.examples[0]), self.categories, kept)
        return Dataset(kept, (*self.left_out, *problems), strangers)

    def labelled_twice(self) -> Iterator[tuple[Example, Example]]:
        """Pairs of the same picture in two categories."""
        first: dict[str, Example] = {}
        for example in self.examples:
            known = first.setdefault(example.sha256, example)
            if known.category != example.category:
                yield known, example


def read_dataset(workspace: Workspace) -> Dataset:
    """Find and hash every picture below TF_FILES/data/<category>/ and, if it is there, TF_FILES/valid/<category>/.

    Raises DataError where there is nothing to learn from.
    """
    data, valid = workspace.data, workspace.valid
    if not data.is_dir():
        raise DataError(f"There is no folder {printable(data)}.")
    categories = [name for name in _folders(data) if name != UNKNOWN]
    if not categories:
        raise DataError(f"{printable(data)} holds no folders, so there are no categories.")
    if len(categories) == 1:
        raise DataError(
            f"{printable(data)} holds a single category, {printable(categories[0])}; nothing to tell it from."
        )
    examples, problems = _examples(data, categories, DATA)
    _check(data, categories, examples)
    strangers, of_strangers = _examples(data, [UNKNOWN] if (data / UNKNOWN).is_dir() else [], DATA)
    judges, of_judges = _examples(valid, _known_folders(valid, categories), VALID)
    if valid.is_dir() and not judges:
        raise DataError(f"{printable(valid)} holds no pictures.", "Put some of each category there, or take it away.")
    return Dataset((*examples, *judges), (*problems, *of_strangers, *of_judges), tuple(strangers))


def also_in(folder: Path, dataset: Dataset) -> int:
    """How many pictures below `folder` are also, byte for byte, examples of `dataset`."""
    learnt = {example.sha256 for example in dataset.examples}
    examples, _ = _examples(folder, _folders(folder), DATA)
    return sum(example.sha256 in learnt for example in examples)


def _folders(folder: Path) -> list[str]:
    is_prepared = (folder / own_names.FOLDER / own_names.PREPARED).exists()
    aside = {own_names.UNREADABLE, own_names.NO_FACE} if is_prepared else set()  # or it may be someone's category
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in aside
    )


def _known_folders(valid: Path, categories: Sequence[str]) -> list[str]:
    """The categories that `valid` has folders for. Raises DataError where it has others."""
    found = _folders(valid) if valid.is_dir() else []
    if strange := [name for name in found if name not in categories]:
        raise DataError(
            f"{printable(valid)} has a folder {printable(strange[0])}, "
            f"which is no category in {printable(valid.parent / DATA)}.",
            "Give it the name of a category, or take it away.",
        )
    return found


def _examples(folder: Path, categories: Sequence[str], part: Part) -> tuple[list[Example], list[Unreadable | Failed]]:
    examples: list[Example] = []
    problems: list[Unreadable | Failed] = []
    for category in categories:
        files = [file for file in find(folder / category) if isinstance(file, Found | Failed)]
        with ThreadPoolExecutor() as pool:
            results = list(pool.map(lambda file, name=category: _example(file, name, part), files))
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
