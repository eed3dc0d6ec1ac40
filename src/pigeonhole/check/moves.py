"""The list of moves that a check suggests, and that is done after the user has edited it: lines of `from,to,why`."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pigeonhole.check.findings import Finding
from pigeonhole.errors import DataError, OutputError, UsageError
from pigeonhole.files.publish import publish
from pigeonhole.sorting.free_names import FreeNames
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable

COLUMNS = ("from", "to", "why")


@dataclass(frozen=True, slots=True)
class Line:
    """One move of the list, absolute paths below TF_FILES, which stands in line `number`."""

    number: int
    source: Path
    target: Path


def write_moves(path: Path, tf_files: Path, findings: Iterable[Finding]) -> int:
    """Write the moves of all `findings` into the new file `path`; the result is how many there are.

    The list can be applied as it stands: no target is a name that is taken below `tf_files`, and no file has two
    targets, but only the one of what was found first. Raises OutputError where `path` is taken (it may hold the user's
    edits) or cannot be written.
    """
    rows, names, moved = [], FreeNames(tf_files, set()), set()
    for finding in findings:
        for move in finding.moves:
            target = ""
            if move.target and move.source not in moved:
                target = str(names.next_free(Name.of(move.target.parent, move.target.name)))
                moved.add(move.source)
            rows.append((str(move.source), target, finding.sentence))
    try:
        with path.open("x", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
    except FileExistsError:
        raise OutputError(f"{printable(path)} is there already.", "Choose another name, or delete it first.") from None
    except OSError as error:
        raise OutputError(f"{printable(path)} cannot be written: {error.strerror}.", "Choose another place.") from None
    return len(rows)


def read_moves(path: Path, tf_files: Path) -> list[Line]:
    """The moves in `path` that are still to be done; lines without a target are left alone.

    Raises UsageError where a line cannot be done as it stands; then none should be.
    """
    lines = [line for line in _lines(path, tf_files) if not _is_done(line)]
    sources: set[Path] = set()
    targets: set[Path] = set()
    for line in lines:
        if wrong := _wrong(line, tf_files, sources, targets):
            raise UsageError(
                f"{printable(path)}, line {line.number}: {wrong}.", "Nothing was moved. Change that line, or delete it."
            )
        sources.add(line.source)
        targets.add(line.target)
    return lines


def apply_moves(lines: Iterable[Line]) -> Iterator[Line]:
    """Do them one by one; each is done when it comes out. Nothing is overwritten.

    Raises OutputError at the first that cannot be done; the remaining moves are not attempted, and the list can be
    applied again.
    """
    for line in lines:
        try:
            line.target.parent.mkdir(parents=True, exist_ok=True)
            publish(line.source, line.target)
        except OSError as error:
            raise OutputError(
                f"{printable(line.source)} cannot be moved to {printable(line.target)}: {error.strerror}.",
                "What stands before it in the list is moved, the rest is not; apply the list again to go on.",
            ) from None
        yield line


def _lines(path: Path, tf_files: Path) -> Iterator[Line]:
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                if not {"from", "to"} <= set(row):
                    raise DataError(f"{printable(path)} has no columns called from and to.", "Make it with --moves.")
                if row["from"] and row["to"]:
                    yield Line(reader.line_num, tf_files / row["from"], tf_files / row["to"])
    except (OSError, csv.Error) as error:
        raise DataError(f"{printable(path)} cannot be read: {error}.", "Make it with --moves.") from None


def _is_done(line: Line) -> bool:
    return not line.source.exists() and line.target.is_file()


def _wrong(line: Line, tf_files: Path, sources: set[Path], targets: set[Path]) -> str:
    """What is wrong with a line, or nothing."""
    for path in (line.source, line.target):
        if ".." in path.parts or not path.is_relative_to(tf_files):
            return f"{printable(path)} is not below {printable(tf_files)}"
    if not line.source.is_file():
        return f"there is no file {printable(line.source)}"
    if line.source in sources:
        return f"{printable(line.source)} stands in the list twice"
    if line.target in targets or line.target.exists():
        return f"{printable(line.target)} is taken"
    return ""
