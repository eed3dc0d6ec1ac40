"""Terminals, pipes and logs that are full, closed or gone: lines get lost, work does not, and the exit code says it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import called
from oracle import contents
from trees import BLUE, GREEN, RED, write_pictures
from watching import HANGS, Place, names, picture, wait_until, watching

COUNT = 40


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    colours = (RED, GREEN, BLUE)
    return write_pictures(tmp_path / "in", {f"{number:02}.png": colours[number % 3] for number in range(COUNT)})


def shell(line: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A line of bash in which $p is pigeonhole and $1, $2, … are `arguments`; its exit code is the first command's."""
    script = f'p() {{ "$PYTHON" -m pigeonhole "$@"; }}; {line}; exit "${{PIPESTATUS[0]}}"'
    return subprocess.run(
        ["bash", "-c", script, "bash", *map(str, arguments)],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


WITH_JSON = (">/dev/full", ">/dev/full 2>&1", ">&-", ">&- 2>&-", "| head -n 1", "2>&1 | head -n 1")
FOR_PEOPLE = ("2>/dev/full", "2>&-", "2>&1 | head -c 1")


@pytest.mark.parametrize("where", [*(f"--json {where}" for where in WITH_JSON), *FOR_PEOPLE])
def test_a_folder_is_sorted_whether_or_not_anyone_can_be_told(
    tf_files: Path, pictures: Path, out: Path, where: str
) -> None:
    before = contents(pictures)
    result = shell(f'p guess-dir "$1" "$2" "$3" --move {where}', tf_files, pictures, out)
    assert "Traceback" not in result.stdout + result.stderr
    assert contents(out) == before
    assert not contents(pictures)
    # What fits into a pipe before its reader leaves has not been lost.
    assert result.returncode == 5 or ("head" in where and result.returncode == 0), result


@pytest.mark.parametrize("where", [">/dev/full 2>&1", ">&- 2>&-"])
@pytest.mark.parametrize("command", ["guess", "guess --json", "log", "log --csv", "log --json", "undo"])
def test_no_command_ends_in_a_traceback_where_its_lines_cannot_be_printed(
    tf_files: Path, pictures: Path, out: Path, command: str, where: str
) -> None:
    arguments = '"$1" "$2"/00.png'
    if not command.startswith("guess"):
        assert called("guess-dir", tf_files, pictures, out).returncode == 0
        arguments = '"$3"'
    result = shell(f"p {command} {arguments} {where}", tf_files, pictures, out)
    assert "Traceback" not in result.stdout + result.stderr
    assert result.returncode == 5, result
    assert command != "undo" or names(out) == []


@pytest.mark.parametrize("command", ["guess", "guess --json"])
def test_the_terminal_is_told_that_lines_are_missing_from_a_file(tf_files: Path, pictures: Path, command: str) -> None:
    result = shell(f'p {command} "$1" "$2"/00.png >/dev/full', tf_files, pictures)
    assert result.returncode == 5
    assert result.stderr == "pigeonhole: Lines are missing from what was printed: No space left on device.\n"


def test_a_reader_that_has_seen_enough_ends_a_command_that_only_prints(tf_files: Path, pictures: Path) -> None:
    result = shell('p guess "$1" "$2"/*.png | head -n 1', tf_files, pictures)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_file_never_gets_what_was_meant_for_a_closed_terminal(tf_files: Path, pictures: Path, out: Path) -> None:
    """The number of a closed stream would be given to the next file that is opened: the journal's lock, say."""
    shell('p guess-dir "$1" "$2" "$3" <&- >&- 2>&-', tf_files, pictures, out)
    assert (out / ".pigeonhole" / "lock").read_text().strip().isdigit()
    assert shell('p log "$1" --json', out).stdout.count("\n") == COUNT


def test_a_watcher_goes_on_when_its_log_is_full(place: Place) -> None:
    place.drop(0)
    command = [sys.executable, "-m", "pigeonhole", "watch", *map(str, (place.tf_files, place.inbox, place.out))]
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen([*command, "--json", "--settle", "0.2", "--poll", "0.3"], stdout=full, stderr=full)
    try:
        wait_until(lambda: place.sorted_count() == 1, "sorting")
        place.drop(1)
        wait_until(lambda: place.sorted_count() == 2, "going on")
    finally:
        process.terminate()
        process.wait(HANGS)
    assert process.returncode == 5


@contextmanager
def told_of_closed_terminals(action: signal.Handlers) -> Iterator[None]:
    """What is started in here inherits what SIGHUP does; these tests themselves may run under nohup."""
    before = signal.signal(signal.SIGHUP, action)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_terminal_that_is_closed_ends_a_watch_as_sigterm_does(place: Place) -> None:
    place.drop(0)
    with told_of_closed_terminals(signal.SIG_DFL), watching(place, "--poll", "0.3") as watcher:
        watcher.wait_until_sorted(1)
        summary = watcher.stop(signal.SIGHUP)
    assert watcher.process.returncode == 0
    assert summary["sorted"] == 1
    assert watcher.health() == (1, "unhealthy: the watcher has ended")


def test_a_watcher_under_nohup_outlives_its_terminal(place: Place) -> None:
    with told_of_closed_terminals(signal.SIG_IGN), watching(place, "--poll", "0.3") as watcher:  # as nohup does
        watcher.process.send_signal(signal.SIGHUP)
        (place.inbox / "a.png").write_bytes(picture())
        watcher.wait_until_sorted(1)
        watcher.stop()
