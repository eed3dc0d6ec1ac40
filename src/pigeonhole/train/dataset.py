"""The training pictures: one folder per category, and whether they can be learnt from at all."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.errors import DataError, UnreadableError
from pigeonhole.files import digest, find, read
from pigeonhole.naming import shown
from pigeonhole.records import Failed, Found, Unreadable

LEAST_PICTURES = 2  # one to learn from and one to check with


@dataclass(frozen=True, slots=True)
class Example:
    """One training picture. `sha256` is the digest of its bytes."""

    found: Found
    category: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """All examples, ordered by category and path, and the files that had to be left out."""

    examples: tuple[Example, ...]
    left_out: tuple[Unreadable | Failed, ...]

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
        _check(_folder_of(self.examples[0]), self.categories, kept)
        return Dataset(kept, (*self.left_out, *problems))

    def labelled_twice(self) -> Iterator[tuple[Example, Example]]:
        """Pairs of the same picture in two categories."""
        first: dict[str, Example] = {}
        for example in self.examples:
            known = first.setdefault(example.sha256, example)
            if known.category != example.category:
                yield known, example


def read_dataset(data: Path) -> Dataset:
    """Find and hash every picture below `data`/<category>/. Raises DataError where there is nothing to learn from."""
    if not data.is_dir():
        raise DataError(f"There is no folder {shown(data)}.")
    categories = sorted(entry.name for entry in data.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not categories:
        raise DataError(f"{shown(data)} holds no folders, so there are no categories.")
    if len(categories) == 1:
        raise DataError(f"{shown(data)} holds a single category, {shown(categories[0])}; nothing to tell it from.")
    examples: list[Example] = []
    problems: list[Unreadable | Failed] = []
    for category in categories:
        for result in _examples(data, category):
            (examples if isinstance(result, Example) else problems).append(result)  # type: ignore[arg-type]
    _check(data, categories, examples)
    return Dataset(tuple(examples), tuple(problems))


def _examples(data: Path, category: str) -> list[Example | Unreadable | Failed]:
    files = [file for file in find(data / category) if isinstance(file, Found | Failed)]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda file: _example(file, category), files))
    return sorted(results, key=lambda result: str(result.found.path if isinstance(result, Example) else result.path))


def _example(file: Found | Failed, category: str) -> Example | Unreadable | Failed:
    if isinstance(file, Failed):
        return file
    try:
        data, _ = read(file.path)
        return Example(file, category, digest(data))
    except UnreadableError as error:
        return Unreadable(file.path, str(error))
    except OSError as error:
        return Failed(file.path, f"it cannot be read: {error.strerror}")


def different_pictures(examples: Sequence[Example]) -> Counter[str]:
    """How many pictures each category has, copies counted once."""
    return Counter(category for category, _ in {(example.category, example.sha256) for example in examples})


def _check(data: Path, categories: Sequence[str], examples: Sequence[Example]) -> None:
    counts = different_pictures(examples)
    few = [f"{shown(category)} ({counts[category]})" for category in categories if counts[category] < LEAST_PICTURES]
    if few:
        raise DataError(
            f"In {shown(data)} these categories have fewer than {LEAST_PICTURES} different pictures that can be read: "
            f"{', '.join(few)}.",
            "Add pictures to each, or take the folder away.",
        )


def _folder_of(example: Example) -> Path:
    """The folder that holds the categories."""
    return example.found.path.parents[len(example.found.relative.parts)]
