"""guess-dir with its options, undo and log, as users meet them: processes with exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import called, pigeonhole
from oracle import contents, outcomes_of, whole
from trees import BLUE, GREEN, RED, write_pictures

ODD = (
    "with space.png",
    'quote\'s "double".png',
    "new\nline.png",
    "-dash.png",
    "emoji 😀.png",
    os.fsdecode(b"\xff\xfe.png"),
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A dozen pictures: some score alike, two are of no one colour, one is cut off, one file is none."""
    folder = write_pictures(tmp_path / "in", dict.fromkeys(ODD, RED))
    write_pictures(folder, {"sub/a.png": GREEN, "sub/b.png": GREEN, "b.png": BLUE, "grey.png": (99, 99, 99)})
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (folder / "notes.txt").write_text("notes")
    return folder


def without_time(output: str) -> list[dict[str, Any]]:
    outcomes, summary = outcomes_of(output)
    return [*outcomes, {name: value for name, value in summary.items() if name != "seconds"}]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--move"],
        ["--symlink", "--into-folders"],
        ["--hardlink", "--min-score", "0.5"],
        ["--move", "--leave-unreadable", "--name", "{date:%Y}/{category}-{index:03d}{ext}"],
    ],
    ids=" ".join,
)
def test_a_dry_run_says_what_the_run_then_does_and_writes_nothing(
    tf_files: Path, pictures: Path, tmp_path: Path, options: list[str]
) -> None:
    out = tmp_path / "out"
    before = whole(tmp_path)
    dry = called("guess-dir", tf_files, pictures, out, "--json", "--dry-run", *options)
    assert whole(tmp_path) == before
    assert not out.exists()
    wet = called("guess-dir", tf_files, pictures, out, "--json", *options)
    assert without_time(dry.stdout) == without_time(wet.stdout)
    assert dry.returncode == wet.returncode == 1  # the one that is cut off
    targets = [outcome["target"] for outcome in outcomes_of(wet.stdout)[0] if outcome.get("target")]
    assert len(targets) == len(set(targets)) == (10 if "--leave-unreadable" in options else 11)
    assert all(os.path.lexists(target) for target in targets)


def test_a_dry_run_over_a_sorted_folder_writes_nothing_either(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    called("guess-dir", tf_files, pictures, out)
    write_pictures(pictures, {"new.png": RED})
    journal = {path: path.read_bytes() for path in (out / ".pigeonhole").iterdir()}
    before = whole(tmp_path)
    dry = called("guess-dir", tf_files, pictures, out, "--dry-run")
    assert f"{pictures / 'new.png'} -> {out / 'red_things-'}" in dry.stdout
    assert whole(tmp_path) == before
    assert {path: path.read_bytes() for path in (out / ".pigeonhole").iterdir()} == journal


def test_a_dry_run_for_people_escapes_what_would_break_the_line(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    result = called("guess-dir", tf_files, pictures, tmp_path / "out", "--dry-run", "--into-folders")
    lines = result.stdout.splitlines()
    assert len(lines) == 11
    assert f"{pictures}/new\\nline.png -> {tmp_path}/out/red_things/new\\nline.png" in lines
    assert f"{pictures}/\\xff\\xfe.png -> {tmp_path}/out/red_things/\\xff\\xfe.png" in lines


def test_move_and_undo_restore_the_exact_tree(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = whole(pictures)
    assert pigeonhole("guess-dir", tf_files, pictures, out, "--move", "--into-folders").returncode == 1
    assert set(whole(pictures)) == {"notes.txt", "sub"}
    undone = pigeonhole("undo", out)
    assert undone.returncode == 0
    assert undone.stderr.endswith("11 undone, 0 refused.\n")
    assert whole(pictures) == before
    assert whole(out) == {}
    assert pigeonhole("undo", out).stderr.endswith("There is nothing left to undo.\n")


def test_undo_names_what_it_refuses(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    called("guess-dir", tf_files, pictures, out, "--move", "--into-folders")
    (out / "red_things" / "new\nline.png").write_bytes(b"edited")
    result = called("undo", out)
    assert result.returncode == 1
    assert f"refused: {out}/red_things/new\\nline.png: it is no longer what was put there\n" in result.stderr
    assert result.stderr.endswith("10 undone, 1 refused.\n")


def test_a_second_run_skips_what_is_done_and_reads_again_what_was_unreadable(
    tf_files: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    called("guess-dir", tf_files, pictures, out)
    before = whole(out)
    again = called("guess-dir", tf_files, pictures, out, "--json")
    _, summary = outcomes_of(again.stdout)
    assert again.returncode == 1
    assert (summary["skipped"], summary["unreadable"], summary["sorted"]) == (11, 1, 0)
    assert whole(out) == before
    (pictures / "cut.jpg").unlink()
    assert called("guess-dir", tf_files, pictures, out).returncode == 0


def test_the_log_lists_everything_for_people_and_programs(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    called("guess-dir", tf_files, pictures, out, "--into-folders", "--min-score", "0.5")
    records = [json.loads(line) for line in pigeonhole("log", out, "--json").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(pigeonhole("log", out, "--csv").stdout, newline="")))
    assert len(records) == len(rows) == 11
    assert [row["source"] for row in rows] == [record["source"] for record in records]
    assert {Path(row["source"]).name for row in rows} >= set(ODD)
    assert {record["outcome"] for record in records} == {"sorted", "unknown", "unreadable"}
    assert all(Path(record["target"]).read_bytes() == Path(record["source"]).read_bytes() for record in records)
    assert {record["state"] for record in records} == {"done"}
    (bad,) = [record for record in records if record["outcome"] == "unreadable"]
    assert bad["reason"]
    table = pigeonhole("log", out, environment={"COLUMNS": "1000"}).stdout
    assert len(table.splitlines()) == 12
    assert f"{pictures}/new\\nline.png" in table


def test_a_log_may_be_cut_off_by_its_reader(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    called("guess-dir", tf_files, pictures, tmp_path / "out")
    for form in ([], ["--csv"], ["--json"]):
        command = [sys.executable, "-m", "pigeonhole", "log", str(tmp_path / "out"), *form]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout
            process.stdout.close()
            assert process.stderr
            assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--name", "../{category}"], "leaves the output folder"),
        (["--name", "{nothing}"], "{nothing} is no field"),
        (["--name", "{category}", "--into-folders"], "Leave one of them out."),
        (["--min-score", "2"], "2.0 is not in the range"),
    ],
)
def test_a_wrong_option_touches_nothing(
    tf_files: Path, pictures: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    before = whole(tmp_path)
    result = called("guess-dir", tf_files, pictures, tmp_path / "out", "--move", *options)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert whole(tmp_path) == before


@pytest.mark.parametrize("command", ["undo", "log"])
def test_nothing_to_undo_or_list_is_said(tmp_path: Path, command: str) -> None:
    result = pigeonhole(command, tmp_path)
    assert result.returncode == 2
    assert "Nothing was ever sorted into" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["undo"], ["log"], ["guess-dir"]])
def test_a_damaged_journal_is_refused_with_what_to_do(
    tf_files: Path, pictures: Path, tmp_path: Path, command: list[str]
) -> None:
    out = tmp_path / "out"
    called("guess-dir", tf_files, pictures, out)
    os.truncate(out / ".pigeonhole" / "journal.sqlite", 5000)
    before = contents(pictures, out)
    arguments = [tf_files, pictures, out] if command == ["guess-dir"] else [out]
    result = called(*command, *arguments)
    assert result.returncode == 5
    assert "is damaged or not ours" in result.stderr
    assert "Nothing was touched." in result.stderr
    assert contents(pictures, out) == before


def test_hard_links_between_two_disks_are_refused_at_once(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs /dev/shm as a second file system")
    out = memory / f"pigeonhole-test-{os.getpid()}"
    result = called("guess-dir", tf_files, pictures, out, "--hardlink")
    assert result.returncode == 2
    assert "on two file systems" in result.stderr
    assert not out.exists()
