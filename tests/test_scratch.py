"""Folders for temporary files: gone with their process, whatever ended it, and never one that is in use."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from pigeonhole.files import scratch_folder

HOLDER = """
import sys
from pathlib import Path
from pigeonhole.files import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "sub").mkdir()
    (folder / "sub" / "fetched.jpg").write_bytes(b"picture")
    print(folder, flush=True)
    sys.stdin.read()
"""


@contextmanager
def holding(parent: Path) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A process that uses a scratch folder in `parent`, until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().rstrip())


def test_a_scratch_folder_is_gone_when_it_is_done_with(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_bytes(b"")
        assert list(tmp_path.iterdir()) == [folder]
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_has_left_goes_before_the_next_begins(tmp_path: Path) -> None:
    with holding(tmp_path) as (process, left):
        process.kill()
    assert (left / "sub" / "fetched.jpg").exists()
    with scratch_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_in_use_stays(tmp_path: Path) -> None:
    with holding(tmp_path) as (process, used):
        for _ in range(2):
            with scratch_folder(tmp_path):
                assert (used / "sub" / "fetched.jpg").exists()
        process.communicate("")
    assert not used.exists()


def test_two_in_one_process_do_not_take_each_others(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as one, scratch_folder(tmp_path) as other:
        assert sorted(tmp_path.iterdir()) == sorted([one, other])
    assert not list(tmp_path.iterdir())


def test_what_is_not_ours_stays_whatever_it_is_called(tmp_path: Path) -> None:
    pictures = tmp_path / "pigeonhole-pictures"
    pictures.mkdir()
    (tmp_path / "pigeonhole-abcdefgh").mkdir()
    (tmp_path / "pigeonhole-01234567").symlink_to(pictures)
    with scratch_folder(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "pigeonhole-01234567",
        "pigeonhole-abcdefgh",
        "pigeonhole-pictures",
    ]


def make_and_leave(parent: str, count: int) -> int:
    made = 0
    for _ in range(count):
        with scratch_folder(Path(parent)) as folder:
            (folder / "file").write_bytes(b"mine")
            made += (folder / "file").read_bytes() == b"mine"
    return made


def test_many_processes_at_once_keep_each_their_own(tmp_path: Path) -> None:
    """None takes a folder that another has just made and not locked yet."""
    with get_context("spawn").Pool(4) as pool:
        assert pool.starmap(make_and_leave, [(str(tmp_path), 100)] * 4) == [100] * 4
    assert not list(tmp_path.iterdir())
