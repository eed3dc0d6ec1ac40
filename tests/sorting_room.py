"""The sorting room without a model: answers made from a file's bytes, and processes that die where a test says.

Their arguments are ACTION PLACING SOURCE OUT [CANNOT]: sort or undo. CANNOT is the name of an errno with which all
renaming and linking fails.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mortal import Mortals, serve
from pigeonhole.decoding.item import cannot_read
from pigeonhole.errors import OutputError
from pigeonhole.files import digest, find, publish, read
from pigeonhole.placing import Placing, place, undo, undo_one
from pigeonhole.records import Failed, Found, Guess, Outcome, Skipped, Unreadable
from pigeonhole.sorting import Answer, Sorter, SortOptions

RANKING = (("elsa", 0.99621), ("anna", 0.00379))


def guess(path: Path, ranking: tuple[tuple[str, float], ...] = RANKING) -> Guess:
    """What the stream would say of `path` as it is now."""
    data, identity = read(path)
    return Guess(path, ranking, digest(data), identity)


def unreadable(path: Path, reason: str = "it is cut off") -> Unreadable:
    data, identity = read(path)
    return Unreadable(path, reason, identity, digest(data))


def answers(items: Iterable[Found | Skipped | Failed]) -> Iterator[Answer]:
    for item in items:
        try:
            yield guess(item.path) if isinstance(item, Found) else item
        except OSError as error:
            yield cannot_read(item.path, error)


def sort(source: Path, out: Path, options: SortOptions | None = None) -> list[Outcome]:
    """A whole run over `source`."""
    with Sorter.open(out, options or SortOptions()) as sorter:
        return list(sorter.place_all(answers(sorter.skip_done(find(source)))))


def until_it_fails(outcomes: Iterator[Outcome]) -> tuple[list[Outcome], OutputError | None]:
    """What came, and the error that ended it."""
    came: list[Outcome] = []
    try:
        for outcome in outcomes:
            came.append(outcome)  # noqa: PERF402 - those before the error count
    except OutputError as error:
        return came, error
    return came, None


def cannot(name: str) -> None:
    """From now on the file system answers with the errno `name` where a file is to be renamed or linked in place."""

    def fail(*_: object) -> None:
        raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)))

    for module in (publish, place, undo_one):
        module.rename_without_replacing = fail  # type: ignore[attr-defined]
    publish._link_and_unlink = fail  # type: ignore[assignment]


def mortals() -> Mortals:
    return Mortals(__file__)


def _live(action: str, placing: str, source: str, out: str, impossible: str = "") -> None:
    if impossible:
        cannot(impossible)
    if action == "undo":
        list(undo(Path(out)))
    else:
        sort(Path(source), Path(out), SortOptions(placing=Placing(placing)))


if __name__ == "__main__":
    serve(_live)
