"""kill -9 at every step, and at 200 random moments: each file ends up exactly once in the output or in the source."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sorting_room
from commands import pigeonhole
from mortal import Mortals
from oracle import (
    assert_exactly_once,
    assert_no_leftovers,
    assert_nothing_lost,
    contents,
    outcomes_of,
    whole,
    write_files,
)
from pigeonhole.placing import Placing, journal_entries, undo
from pigeonhole.sorting import SortOptions
from trees import BLUE, GREEN, RED, write_pictures
from watching import HANGS


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    made = sorting_room.mortals()
    yield made
    made.close()


def sort_dying_at_every_step(
    mortals: Mortals, source: Path, out: Path, placing: Placing, impossible: str = ""
) -> Counter[str]:
    """For each step: a run that is killed there, the oracle, and a run that goes on from there. Returns the steps."""
    reached: Counter[str] = Counter()
    for step in range(1, 1000):
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(source, ignore_errors=True)
        before = write_files(source, 3)
        name = mortals.killed_at(step, "sort", placing, source, out, *([impossible] if impossible else []))
        if name is None:
            break
        reached[name] += 1
        assert_nothing_lost(before, source, out, reserved=name == "reserved")
        sorting_room.sort(source, out, SortOptions(placing=placing))
        if placing is Placing.MOVE:
            assert_exactly_once(before, source, out)
            assert not contents(source), name
        else:
            assert contents(source) == before
            assert_no_leftovers(source, out)
            if placing is Placing.SYMLINK:
                assert sum(1 for entry in whole(out).values() if str(entry).startswith("->")) == 3, name
            else:
                assert contents(out) == before, name
        assert {entry.state for entry in journal_entries(out)} == {"done"}
        assert len(list(journal_entries(out))) == 3, name
    return reached


def test_a_copy_killed_at_any_step_is_finished_or_begun_anew(mortals: Mortals, tmp_path: Path) -> None:
    steps = sort_dying_at_every_step(mortals, tmp_path / "in", tmp_path / "out", Placing.COPY)
    assert {"planned", "part made", "part written", "part synced", "published", "folders synced"} <= steps.keys()


def test_a_move_killed_at_any_step_leaves_each_file_exactly_once(mortals: Mortals, tmp_path: Path) -> None:
    steps = sort_dying_at_every_step(mortals, tmp_path / "in", tmp_path / "out", Placing.MOVE)
    assert {"planned", "renamed", "published", "folders synced", "journalled"} <= steps.keys()


def test_a_move_to_another_disk_killed_at_any_step_leaves_each_file_exactly_once(
    mortals: Mortals, tmp_path: Path, other_disk: Path
) -> None:
    steps = sort_dying_at_every_step(mortals, other_disk / "in", tmp_path / "out", Placing.MOVE)
    assert {"part synced", "published", "journalled", "source aside", "source removed", "done"} <= steps.keys()


def test_a_recovery_that_is_killed_itself_at_any_step_is_repeated(
    mortals: Mortals, tmp_path: Path, other_disk: Path
) -> None:
    source, out = other_disk / "in", tmp_path / "out"
    first = second = 1
    died = 0
    while True:
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(source, ignore_errors=True)
        before = write_files(source, 1)
        if mortals.killed_at(first, "sort", "move", source, out) is None:
            break
        if mortals.killed_at(second, "sort", "move", source, out) is None:
            first, second = first + 1, 0
        assert_nothing_lost(before, source, out)
        sorting_room.sort(source, out, SortOptions(placing=Placing.MOVE))
        assert_exactly_once(before, source, out)
        second += 1
        died += 1
    assert died > 50


@pytest.mark.parametrize("impossible", ["EPERM", "EINVAL"])
def test_a_move_without_renaming_and_linking_killed_at_any_step_leaves_each_file_exactly_once(
    mortals: Mortals, tmp_path: Path, impossible: str
) -> None:
    steps = sort_dying_at_every_step(mortals, tmp_path / "in", tmp_path / "out", Placing.MOVE, impossible)
    assert "reserved" in steps


@pytest.mark.parametrize("placing", [Placing.HARDLINK, Placing.SYMLINK])
def test_links_killed_at_any_step_are_made_once(mortals: Mortals, tmp_path: Path, placing: Placing) -> None:
    assert "published" in sort_dying_at_every_step(mortals, tmp_path / "in", tmp_path / "out", placing)


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
def test_an_undo_killed_at_any_step_restores_the_exact_tree_when_repeated(
    mortals: Mortals, tmp_path: Path, other_disk: Path, elsewhere: bool
) -> None:
    source, out = (other_disk if elsewhere else tmp_path) / "in", tmp_path / "out"
    reached: Counter[str] = Counter()
    for step in range(1, 1000):
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(source, ignore_errors=True)
        contents_before = write_files(source, 3)
        before = whole(source)
        sorting_room.sort(source, out, SortOptions(placing=Placing.MOVE))
        name = mortals.killed_at(step, "undo", "move", source, out)
        if name is None:
            break
        reached[name] += 1
        assert_nothing_lost(contents_before, source, out)
        result = pigeonhole("undo", out) if step == 1 else None
        assert result is None or result.returncode == 0, result
        list(undo(out))
        assert whole(source) == before, name
        assert whole(out) == {}, name
    assert {"undo planned", "taken back", "undo synced", "undo journalled"} <= reached.keys()
    assert ("copied back" if elsewhere else "renamed back") in reached


@pytest.mark.parametrize(
    ("kills", "count"), [(8, 12), pytest.param(200, 300, marks=pytest.mark.long("200 kills over 300 files"))]
)
def test_random_kills_of_a_real_move_lose_and_double_nothing(
    tf_files: Path, tmp_path: Path, other_disk: Path, kills: int, count: int
) -> None:
    """Half of them between two disks."""
    chance = random.Random(20)
    died = 0
    for disk in (tmp_path, other_disk):
        source, out = disk / "in", tmp_path / f"out of {disk.name}"
        while died < kills // 2 * (1 if disk == tmp_path else 2):
            shutil.rmtree(source, ignore_errors=True)
            shutil.rmtree(out, ignore_errors=True)
            write_pictures(source, {f"{n % 7}/{n}.png": (RED, GREEN, BLUE)[n % 3] for n in range(count)})
            for number, path in enumerate(sorted(source.rglob("*.png"))):
                with path.open("ab") as file:  # behind the end of a PNG anything may stand: all are different
                    file.write(number.to_bytes(4, "big") * 500)
            before = contents(source)
            died += _kill_until_done(tf_files, source, out, before, chance)
            assert_exactly_once(before, source, out)
            assert not contents(source)
    assert died >= kills


def test_an_interrupted_move_finishes_or_rolls_back_what_is_in_hand_before_it_ends(
    tf_files: Path, tmp_path: Path, other_disk: Path
) -> None:
    source, out = other_disk / "in", tmp_path / "out"
    for wait in (0, 0.005, 0.02):
        write_pictures(source, {f"{n}.png": (RED, GREEN, BLUE)[n % 3] for n in range(300)})
        before = contents(source, out)
        command = [sys.executable, "-m", "pigeonhole", "guess-dir", str(tf_files), str(source), str(out), "--move"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            _wait_until_it_works(process, out)
            time.sleep(wait)
            process.terminate()
            _, errors = process.communicate(timeout=HANGS)
        assert process.returncode in (130, 0), errors
        assert "Traceback" not in errors
        assert_exactly_once(before, source, out)
        assert {entry.state for entry in journal_entries(out)} <= {"done"}


def _kill_until_done(tf_files: Path, source: Path, out: Path, before: Counter[str], chance: random.Random) -> int:
    """Runs of the real program, each killed a little after its first file, until one has nothing left to do."""
    died = 0
    command = [sys.executable, "-m", "pigeonhole", "guess-dir", str(tf_files), str(source), str(out), "--move"]
    while True:
        with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            _wait_until_it_works(process, out)
            time.sleep(chance.uniform(0, 0.03))
            process.kill()
            process.communicate()
        if process.returncode == -signal.SIGKILL:
            died += 1
        else:
            assert process.returncode in (0, 4)
            return died
        assert_nothing_lost(before, source, out)
        if not contents(source):
            # All are moved; what is left is to clear up, which a last run does.
            result = pigeonhole("guess-dir", tf_files, source, out, "--move", "--json")
            assert result.returncode in (0, 4), result.stderr
            return died


def _wait_until_it_works(process: "subprocess.Popen[Any]", out: Path) -> None:
    """Until the journal is being written: importing and loading is not what is to be cut."""
    log = out / ".pigeonhole" / "journal.sqlite-wal"
    deadline = time.monotonic() + HANGS
    before = log.stat().st_size if log.exists() else 0
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if log.stat().st_size != before:
                return
        except FileNotFoundError:
            before = 0
        time.sleep(0.001)


def test_after_a_kill_half_way_undo_restores_the_exact_tree(mortals: Mortals, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_files(source, 200)
    before = whole(source)
    assert mortals.killed_at(300, "sort", "move", source, out) is not None
    assert whole(source) != before
    result = pigeonhole("undo", out)
    assert result.returncode == 0, result.stderr
    assert whole(source) == before
    assert whole(out) == {}


def test_a_killed_run_goes_on_from_the_command_line(mortals: Mortals, tf_files: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write_pictures(source, {f"{n}.png": RED for n in range(50)})
    assert mortals.killed_at(60, "sort", "copy", source, out) is not None
    result = pigeonhole("guess-dir", tf_files, source, out, "--json")
    _, summary = outcomes_of(result.stdout)
    assert "An earlier run was interrupted" in result.stderr
    assert len(contents(out)) == 1
    assert contents(out).total() == 50
    assert summary["sorted"] + summary["skipped"] == 50
