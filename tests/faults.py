"""Runs on a disk that fails: a process of its own with tests/faults.c loaded, that sorts or undoes in forked children.

As a library: `Disk` runs one child with one fault (or several in a row), and says what came of it. `judge` holds every
promise to the result. As a program, the long form of tests/test_faults.py:

python tests/faults.py [--faults 5000] [--seed 1]
"""

import argparse
import contextlib
import ctypes
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sorting_room
from oracle import File, assert_exactly_once, assert_no_leftovers, assert_nothing_lost, contents, whole, write_files
from pigeonhole.errors import PigeonholeError, UsageError
from pigeonhole.files import find
from pigeonhole.journal.entry import JournalEntry
from pigeonhole.placing import Placing, Refused, journal_entries, undo
from pigeonhole.records import Failed
from pigeonhole.sorting import Sorter, SortOptions

HERE = Path(__file__).resolve().parent
# What disks and networks answer. The second kind may come after the call was carried out: its answer was lost.
REFUSED = ("EIO", "ESTALE", "EACCES", "ENOSPC", "EROFS", "EBUSY", "EPERM", "EDQUOT")
LOST = ("EIO", "ETIMEDOUT")
FILES = 3
FOR_EVER = 1_000_000


class NoCompilerError(Exception):
    """The library cannot be made here; the sentence says why."""


def built(folder: Path) -> Path:
    """tests/faults.c as a library in `folder`."""
    library = folder / "faults.so"
    if not library.exists():
        compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
        if compiler is None or not sys.platform.startswith("linux"):
            raise NoCompilerError("needs Linux and a C compiler for the disk that fails")
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / "faults.c"), "-ldl"]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise NoCompilerError(f"the disk that fails cannot be compiled here: {made.stderr}")
    return library


@dataclass(frozen=True)
class Run:
    """What one child is to do: `first` is the call that fails (of those called `only`), `calls` how many from there on.

    `is_lost`: they are carried out, and their answers lost. `is_plain`: the disk neither renames without replacing nor
    links.
    """

    action: str
    placing: Placing
    source: Path
    out: Path
    first: int = 0
    calls: int = 1
    error: str = "EIO"
    is_lost: bool = False
    is_plain: bool = False
    only: str = ""

    def __str__(self) -> str:
        how = "answers lost" if self.is_lost else "calls refused"
        where = "plain disk" if self.is_plain else f"{self.source.parent.name} to {self.out.parent.name}"
        return f"{self.action} {self.placing}, {where}, {self.error}, {self.calls} {how} from number {self.first}"


@dataclass
class Came:
    """What came of it: how many calls there were, how many of them failed and what the first of those was called; the
    outcomes; the sentence that ended it; the traceback that nobody may ever see.
    """

    seen: int = 0
    made: int = 0
    name: str = ""
    outcomes: list[tuple[str, str | None]] = field(default_factory=list)
    error: str | None = None
    traceback: str | None = None

    @property
    def is_clean(self) -> bool:
        """Whether a command would have ended with exit code 0."""
        return self.error is None and all(kind == "fine" for kind, _ in self.outcomes)


class Disk:
    def __init__(self, library: Path) -> None:
        environment = {**os.environ, "LD_PRELOAD": str(library), "PIGEONHOLE_FAULTS": str(library)}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, run: Run) -> Came:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**vars(run), "source": str(run.source), "out": str(run.out)}) + "\n")
        self._process.stdin.flush()
        return Came(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=300)


def judge(disk: Disk, run: Run) -> Came:
    """One run with a fault, and a clean one after it; AssertionError where a promise is broken."""
    shutil.rmtree(run.out, ignore_errors=True)
    shutil.rmtree(run.source, ignore_errors=True)
    before = write_files(run.source, FILES)
    tree = whole(run.source)
    if run.action == "undo":
        sorting_room.sort(run.source, run.out, SortOptions(placing=run.placing))
    came = disk.run(run)
    assert came.traceback is None, came.traceback
    assert_nothing_lost(before, run.source, run.out, reserved=True)
    if run.action == "undo":
        _judge_undo(run, came, tree)
    else:
        _judge_sort(run, came, before)
    return came


def _judge_sort(run: Run, came: Came, before: Counter[str]) -> None:
    entries = {str(entry.target) for entry in _entries(run.out)}
    names = {name for name, entry in whole(run.out).items() if entry != "/" and "/." not in f"/{name}"}
    assert names <= entries, f"without a row: {names - entries}"
    told = {target for _, target in came.outcomes if target}
    assert told <= names | {None}, f"told, and not there: {told - names}"
    assert names <= told or not came.is_clean, f"there, and not told: {names - told}"
    if came.is_clean and run.placing is Placing.MOVE:
        assert not contents(run.source), "left with exit code 0"
    sorting_room.sort(run.source, run.out, SortOptions(placing=run.placing))
    sorting_room.sort(run.source, run.out, SortOptions(placing=run.placing))
    assert_no_leftovers(run.source, run.out)
    after = _entries(run.out)
    assert {str(entry.state) for entry in after} == {"done"}
    assert len(after) == FILES, "twice, or not at all"
    if run.placing is Placing.MOVE:
        assert_exactly_once(before, run.source, run.out)
        assert not contents(run.source)
    else:
        assert contents(run.source) == before
    if run.placing is Placing.COPY or run.placing is Placing.HARDLINK:
        assert contents(run.out) == before
    assert len([entry for entry in whole(run.out).values() if entry != "/"]) == FILES


def _without_times(run: Run, tree: dict[str, Any]) -> dict[str, Any]:
    """A disk that answers that it cannot keep a time, or that we may not set it, is believed."""
    if run.error not in ("EACCES", "EPERM", "ENOSPC"):
        return tree
    return {name: entry.sha256 if isinstance(entry, File) else entry for name, entry in tree.items()}


def _entries(out: Path) -> list[JournalEntry]:
    try:
        return list(journal_entries(out))
    except UsageError:  # it came to no journal
        return []


def _judge_undo(run: Run, came: Came, tree: dict[str, Any]) -> None:
    if came.is_clean:
        assert {name for name, entry in whole(run.out).items() if entry != "/"} == set(), "left with exit code 0"
    for _ in range(2):
        assert not [result for result in undo(run.out) if isinstance(result, Refused)]
    assert _without_times(run, whole(run.source)) == _without_times(run, tree)
    assert whole(run.out) == {}


def chosen_faults(seed: int, count: int, folders: list[tuple[Path, Path]], disk: Disk) -> Iterator[Run]:
    """`count` runs with a fault each: every way of placing and its undoing, between every pair of `folders`."""
    chance = random.Random(seed)
    kinds = [
        Run(action, placing, source / "in", out / "out", is_plain=is_plain)
        for source, out in folders
        for placing in (Placing.MOVE, Placing.COPY, Placing.HARDLINK)
        for action in ("sort", "undo")
        for is_plain in (False, True)
        if placing is not Placing.HARDLINK or (source.stat().st_dev == out.stat().st_dev and not is_plain)
    ]
    calls = {clean: judge(disk, clean).seen for clean in kinds}
    for number in range(count):
        clean = list(calls)[number % len(calls)]
        is_lost = chance.random() < 0.3
        yield replace(
            clean,
            first=chance.randint(1, calls[clean]),
            calls=chance.choice((1, 1, 1, 2, 3, 8, FOR_EVER)),
            error=chance.choice(LOST if is_lost else REFUSED),
            is_lost=is_lost,
        )


def _serve() -> None:
    """One child for each line of the input; what it says is the answer."""
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            words = json.loads(line)
            run = Run(**{**words, "source": Path(words["source"]), "out": Path(words["out"])})
            os.write(writer, json.dumps(_child(run)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        sys.stdout.write((answer or json.dumps({"traceback": "the process died"})) + "\n")
        sys.stdout.flush()


def _child(run: Run) -> dict[str, Any]:
    library = ctypes.CDLL(os.environ["PIGEONHOLE_FAULTS"])
    library.faults_name.restype = ctypes.c_char_p
    came: dict[str, Any] = {"outcomes": []}
    folders = os.fsencode(run.source), os.fsencode(run.out)
    library.faults_plain(int(run.is_plain))
    library.faults_only(run.only.encode())
    library.faults_arm(
        *folders, ctypes.c_long(run.first), ctypes.c_long(run.calls), getattr(errno, run.error), int(run.is_lost)
    )
    try:
        if run.action == "undo":
            for result in undo(run.out):
                came["outcomes"].append(("failed" if isinstance(result, Refused) else "fine", None))
        else:
            _sort(run.source, run.out, Placing(run.placing), came["outcomes"])
    except PigeonholeError as problem:
        came["error"] = str(problem)
    except Exception:
        came["traceback"] = traceback.format_exc()
    library.faults_disarm()
    seen, made = ctypes.c_long.in_dll(library, "faults_seen_count"), ctypes.c_long.in_dll(library, "faults_made_count")
    return {**came, "seen": seen.value, "made": made.value, "name": library.faults_name().decode()}


def _sort(source: Path, out: Path, placing: Placing, outcomes: list[tuple[str, str | None]]) -> None:
    sorter = Sorter.open(out, SortOptions(placing=placing))
    try:
        for outcome in sorter.place_all(sorting_room.answers(sorter.skip_done(find(source)))):
            is_fine = not isinstance(outcome, Failed) and not outcome.trouble
            target = str(outcome.target.relative_to(out)) if outcome.target else None
            outcomes.append(("fine" if is_fine else "failed", target))
        is_open = bool(sorter.unsettled)
    finally:
        late = [outcome.target for outcome in sorter.close()]
        outcomes.extend(("fine", str(target.relative_to(out)) if target else None) for target in late)
    if is_open:
        outcomes.append(("failed", None))


@contextlib.contextmanager
def two_disks() -> Iterator[list[tuple[Path, Path]]]:
    """Folders to sort between: on one disk, and from one to another; both in memory if possible: it syncs quickly."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as here, tempfile.TemporaryDirectory() as there:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", there], capture_output=True, check=False)
        try:
            yield [(Path(here), Path(here)), (Path(there), Path(here))]
        finally:
            if mounted.returncode == 0:
                subprocess.run(["umount", "-l", there], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        _serve()
        return
    broken = 0
    made: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as made_in, two_disks() as folders:
        disk = Disk(built(Path(made_in)))
        for run in chosen_faults(chosen.seed, chosen.faults, folders, disk):
            try:
                came = judge(disk, run)
                made[came.name] += came.made
            except Exception as error:
                traceback.print_exc(limit=-3)
                broken += 1
                print(f"{run}: {error}")  # noqa: T201
        disk.close()
    print(f"{chosen.faults} runs, {made.total()} faults, {broken} broken promises")  # noqa: T201
    print(", ".join(f"{name} {count}" for name, count in made.most_common()))  # noqa: T201
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
