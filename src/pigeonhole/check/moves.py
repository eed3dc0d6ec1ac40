"""The list of moves that a check suggests, and that is done after the user has edited it: lines of `from,to,why`."""

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pigeonhole.check.findings import Finding
from pigeonhole.errors import DataError, OutputError, UnreadableError, UsageError
from pigeonhole.files.publish import publish
from pigeonhole.files.read import read_list
from pigeonhole.files.source import exists, is_file
from pigeonhole.sorting.free_names import FreeNames
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable
from pigeonhole.workspace import DATA, TEST, VALID, Workspace

FOLDERS_OF_PICTURES = (DATA, VALID, TEST)
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
    lines: list[Line] = []
    sources: set[Path] = set()
    targets: set[Path] = set()
    for line in _lines(path, tf_files):
        wrong = _strays(line, Workspace(tf_files))
        if not wrong and _is_done(line):
            continue
        if wrong := wrong or _wrong(line, sources, targets):
            raise UsageError(
                f"{printable(path)}, line {line.number}: {wrong}.", "Nothing was moved. Change that line, or delete it."
            )
        lines.append(line)
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
        reader = csv.DictReader(StringIO(read_list(path), newline=""))
        for row in reader:
            if not {"from", "to"} <= set(row):
                raise DataError(f"{printable(path)} has no columns called from and to.", "Make it with --moves.")
            if row["from"] and row["to"]:
                yield Line(reader.line_num, tf_files / row["from"], tf_files / row["to"])
    except (OSError, UnreadableError, csv.Error) as error:
        raise DataError(f"{printable(path)} cannot be read: {error}.", "Make it with --moves.") from None


def _is_done(line: Line) -> bool:
    return not exists(line.source) and is_file(line.target)


def _strays(line: Line, workspace: Workspace) -> str:
    """Why a line would move what is no picture of TF_FILES, or to where none belongs; nothing if it is well."""
    root = workspace.root
    for path in (line.source, line.target):
        if ".." in path.parts or "\0" in str(path) or not path.is_relative_to(root) or path == root:
            return f"{printable(path)} is not below {printable(root)}"
        if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(root)):
            return f"{printable(path)} is behind a link that leads out of {printable(root)}"
    if line.source.relative_to(root).parts[0] not in FOLDERS_OF_PICTURES:
        return f"{printable(line.source)} is not in {', '.join(f'{name}/' for name in FOLDERS_OF_PICTURES)}"
    if line.target.relative_to(root).parts[0] in workspace.names:
        return f"{printable(line.target)} is no place for a picture"
    return ""


def _wrong(line: Line, sources: set[Path], targets: set[Path]) -> str:
    """What is wrong with a line, or nothing."""
    if not is_file(line.source):
        return f"there is no file {printable(line.source)}"
    if line.source in sources:
        return f"{printable(line.source)} stands in the list twice"
    if line.target in targets or exists(line.target):
        return f"{printable(line.target)} is taken"
    return ""
