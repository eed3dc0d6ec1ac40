"""The sorting room without a model: answers made from a file's bytes, and a process that dies where a test says.

As a program it makes such processes: each line of its input is a JSON list STEP ACTION PLACING SOURCE OUT [CANNOT],
for which a child sorts or undoes until it kills itself at the STEP-th step that it reaches. CANNOT is the name of an
errno with which all renaming and linking fails. The answer is a line of JSON: the step's name, null if it came through.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from pigeonhole import failpoints
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


def die_at(number: int, tell: Callable[[str], object]) -> None:
    """kill -9 of this very process at the step `number`, counted from 1, of which `tell` is told."""
    count = 0

    def reached(name: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    failpoints.failpoint = reached


class Mortals:
    """Processes that die, one after the other."""

    def __init__(self) -> None:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def killed_at(self, step: int, *arguments: str | Path) -> str | None:
        """The name of the step at which one died, None if it came through. `arguments` as in the module's text."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([step, *map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        name: str | None = json.loads(self._process.stdout.readline())
        return name

    def close(self) -> None:
        self._process.communicate(timeout=30)


def _tell(writer: int, step: str) -> None:
    os.write(writer, step.encode())


def _one(action: str, placing: str, source: str, out: str) -> None:
    if action == "undo":
        list(undo(Path(out)))
    else:
        sort(Path(source), Path(out), SortOptions(placing=Placing(placing)))


def main() -> None:
    for line in sys.stdin:
        arguments = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            if len(arguments) > 5:
                cannot(arguments[5])
            die_at(arguments[0], partial(_tell, writer))
            _one(*arguments[1:5])
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            name = pipe.read()
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        answer = name if code == -signal.SIGKILL else None if code == 0 else f"exit {code}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
