"""The order in which a move to another disk reaches the disk: only what is safe there is removed here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import TIMEOUT
from oracle import write_files
from pigeonhole import failpoints
from pigeonhole.placing import Placing
from pigeonhole.sorting import SortOptions
from sorting_room import sort

SCRIPT = (
    "import sys; from pathlib import Path; import sorting_room as room;"
    "from pigeonhole.placing import Placing; from pigeonhole.sorting import SortOptions;"
    "room.sort(Path(sys.argv[1]), Path(sys.argv[2]), SortOptions(placing=Placing(sys.argv[3])))"
)


def calls(tmp_path: Path, source: Path, out: Path, placing: Placing) -> list[str]:
    """What a run asked of the system that changes names, content or their safety, one call a line."""
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    trace = tmp_path / "trace"
    wanted = "trace=write,fsync,fdatasync,rename,renameat2,unlink,unlinkat,link,linkat,fchmod"
    command = ["strace", "-f", "-y", "-e", wanted, "-o", str(trace), sys.executable, "-c", SCRIPT]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    made = subprocess.run(
        [*command, str(source), str(out), placing], env=environment, capture_output=True, check=False, timeout=TIMEOUT
    )
    if made.returncode and b"ptrace" in made.stderr:
        pytest.skip("strace is not allowed here")
    assert made.returncode == 0, made.stderr
    return trace.read_text(errors="replace").splitlines()


def first(lines: list[str], pattern: str, after: int = 0) -> int:
    """The number of the first line from `after` on that matches."""
    for number, line in enumerate(lines[after:], after):
        if re.search(pattern, line) and " = -1 " not in line:
            return number
    pytest.fail(f"{pattern} not found after line {after} of\n" + "\n".join(lines))


def test_a_move_to_another_disk_syncs_file_folder_and_journal_before_the_source_goes(
    tmp_path: Path, other_disk: Path
) -> None:
    write_files(other_disk, 1)
    out = tmp_path / "out"
    lines = calls(tmp_path, other_disk, out, Placing.MOVE)
    planned = first(lines, r"fdatasync\(.*journal\.sqlite-wal")
    written = first(lines, r"write\(.*\.part>", planned)
    synced = first(lines, r"fsync\(.*\.part>", written)
    published = first(lines, r"rename.*\.part.*elsa-0\.99621\.png", synced)
    folder = first(lines, rf"fsync\(\d+<{re.escape(str(out))}>", published)
    journalled = first(lines, r"fdatasync\(.*journal\.sqlite-wal", folder)
    aside = first(lines, r"rename.*000\.png.*\.aside", journalled)
    removed = first(lines, r"unlink.*\.aside", aside)
    first(lines, rf"fsync\(\d+<{re.escape(str(other_disk / 'sub'))}>", removed)
    touched = [line for line in lines[:journalled] if re.search(r"(unlink|rename).*000\.png", line)]
    assert all(" = -1 EXDEV" in line for line in touched), "the source was touched before it was safe"


def test_a_move_within_a_disk_plans_and_syncs_before_it_renames_and_both_folders_after(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_files(source, 1)
    lines = calls(tmp_path, source, out, Placing.MOVE)
    planned = first(lines, r"fdatasync\(.*journal\.sqlite-wal")
    synced = first(lines, r"fsync\(.*000\.png", planned)
    renamed = first(lines, r"renameat2\(.*000\.png.*elsa-0\.99621\.png.*NOREPLACE", synced)
    target = first(lines, rf"fsync\(\d+<{re.escape(str(out))}>", renamed)
    left = first(lines, rf"fsync\(\d+<{re.escape(str(source / 'sub'))}>", target)
    first(lines, r"fdatasync\(.*journal\.sqlite-wal", left)
    assert not [line for line in lines if re.search(r"unlink.*\.png", line)], "nothing needs to be removed"


def test_a_copy_is_synced_before_it_is_seen_and_before_the_journal_calls_it_done(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_files(source, 1)
    lines = calls(tmp_path, source, out, Placing.COPY)
    synced = first(lines, r"fsync\(.*\.part>")
    published = first(lines, r"rename.*\.part.*elsa-0\.99621\.png", synced)
    folder = first(lines, rf"fsync\(\d+<{re.escape(str(out))}>", published)
    first(lines, r"fdatasync\(.*journal\.sqlite-wal", folder)
    assert not [line for line in lines if re.search(r"(unlink|rename|write).*000\.png", line)]


def test_the_steps_come_in_that_order_where_no_system_call_can_be_seen(
    tmp_path: Path, other_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(other_disk, 1)
    reached: list[str] = []
    monkeypatch.setattr(failpoints, "failpoint", reached.append)
    sort(other_disk, tmp_path / "out", SortOptions(placing=Placing.MOVE))
    assert reached == [
        *("planned", "part made", "part written", "part synced", "published", "folders synced", "journalled"),
        *("source aside", "source removed", "done"),
    ]
