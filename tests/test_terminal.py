"""What people see: a bar with rate and time left on a terminal, plain lines elsewhere, never a file's own escapes."""

import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, Task

from pigeonhole.output import Terminal
from pigeonhole.output.terminal import _TimeLeft
from pigeonhole.records import Failed, Summary, Unreadable
from trees import RED, write_pictures


def on_a_terminal(*arguments: str | Path) -> str:
    """What `pigeonhole` shows on a real terminal of 120 columns."""
    reading, writing = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    command = [sys.executable, "-m", "pigeonhole", *map(str, arguments)]
    with subprocess.Popen(command, stdin=writing, stdout=writing, stderr=writing, env=environment) as process:
        os.close(writing)
        shown = b""
        try:
            while part := os.read(reading, 4096):
                shown += part
        except OSError:  # how Linux says that the other side has closed
            pass
        process.wait()
    os.close(reading)
    return shown.decode()


def test_a_terminal_shows_progress_with_rate_and_time_left(tf_files: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {f"{number}.png": RED for number in range(60)})
    shown = on_a_terminal("guess-dir", tf_files, tmp_path / "in", tmp_path / "out")
    assert "Sorting" in shown
    assert "60/60" in shown
    assert "60 seen = 60 sorted" in shown


def test_elsewhere_there_is_no_bar_and_no_colour() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    with terminal.stage("Sorting", 2) as advance:
        advance()
    terminal.outcome(Unreadable(Path("a.jpg"), "it is cut off"))
    terminal.summary(Summary(6, sorted=3, unknown=2, unreadable=1), 2.0, "CPU")
    assert stream.getvalue() == (
        "unreadable: a.jpg: it is cut off\n"
        "6 seen = 3 sorted + 2 unknown + 1 unreadable + 0 skipped + 0 failed (2.0 s, 2 pictures/s on the CPU)\n"
    )


def test_a_files_name_cannot_write_to_the_terminal() -> None:
    stream = io.StringIO()
    Terminal(stream).outcome(Failed(Path("[red]\x1b[2J\nnew line.jpg"), "it has gone"))
    assert stream.getvalue() == "failed: [red]\\x1b[2J\\nnew line.jpg: it has gone\n"


def test_a_long_path_stays_on_one_line() -> None:
    stream = io.StringIO()
    Terminal(stream).outcome(Failed(Path("long name " * 40), "it has gone"))
    assert stream.getvalue().count("\n") == 1


def test_the_time_left_is_known_from_the_first_thing_done() -> None:
    """Not from the second, as elsewhere: of four steps that take seconds, that would be late."""
    now = [0.0]
    shown = [str(_TimeLeft().render(task)) for task in _after_each_step(now, steps=4, seconds=10.0)]
    assert shown == ["-:--:--", "0:00:30", "0:00:20", "0:00:10", "0:00:00"]


def _after_each_step(now: list[float], *, steps: int, seconds: float) -> Iterator[Task]:
    progress = Progress(get_time=lambda: now[0])
    number = progress.add_task("Finishing", total=steps)
    for step in range(steps + 1):
        yield progress.tasks[0]
        if step < steps:
            now[0] += seconds
            progress.advance(number)


def test_a_stage_with_nothing_to_do_shows_no_bar() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal._console = Console(file=stream, force_terminal=True)
    with terminal.stage("Reading pictures", 0):
        pass
    assert stream.getvalue() == ""
