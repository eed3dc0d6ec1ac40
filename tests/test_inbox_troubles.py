"""A watcher for months: the inbox goes and comes back, disks fill up, files fail, a second watcher is started."""

import os
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from commands import imported_by
from disks import mounted, needs_root, read_only
from oracle import assert_nothing_lost, contents, whole
from pigeonhole.errors import UsageError
from pigeonhole.inbox.health import ENDED, FILE, SILENCE_SECONDS, Health, why_unhealthy
from pigeonhole.inbox.lock import InboxLock
from watching import HANGS, Place, assert_all_sorted_once, digests, names, wait_until, watching

# --- the inbox ---


@pytest.mark.parametrize("options", [(), ("--no-events",)])
def test_an_inbox_that_goes_and_comes_back_is_watched_again_and_unhealthy_meanwhile(
    place: Place, options: tuple[str, ...]
) -> None:
    away = place.folder / "away"
    with watching(place, "--poll", "0.5", *options) as watcher:
        place.drop(0)
        watcher.wait_until_sorted(1)
        for round_ in range(2):
            place.inbox.rename(away)
            watcher.wait_for_trouble("has gone")
            time.sleep(1.2)
            if round_ == 0:
                place.drop(1, into=away)
                away.rename(place.inbox)
            else:  # it comes back empty, as another folder
                place.inbox.mkdir()
            watcher.wait_until_well()
            place.drop(2 + round_)
            watcher.wait_until_sorted(3 + round_)
        assert watcher.stop()["sorted"] == 4

    assert watcher.said.count("It is looked for.\n") == 4  # twice when it began, twice when it was over
    assert_all_sorted_once(place, 0, 1, 2, 3)


def test_an_inbox_without_permissions_is_unhealthy_and_recovers(place: Place) -> None:
    with watching(place, "--poll", "0.5", obeys=True) as watcher:
        place.inbox.chmod(0)
        watcher.wait_for_trouble("Permission denied")
        place.drop(0)
        place.inbox.chmod(0o755)
        watcher.wait_until_well()
        watcher.wait_until_sorted(1)
        watcher.stop()


def test_a_picture_without_permissions_waits_and_the_others_go_on(place: Place) -> None:
    place.drop(0, 1)
    (place.inbox / "00000.png").chmod(0)
    with watching(place, "--poll", "0.2", obeys=True) as watcher:
        watcher.wait_until_sorted(1)
        wait_until(lambda: any(line["outcome"] == "failed" for line in watcher.lines), "being told")
        time.sleep(2.5)
        (place.inbox / "00000.png").chmod(0o644)
        watcher.wait_until_sorted(2)
        summary = watcher.stop()

    assert [line["outcome"] for line in watcher.lines].count("failed") == 1
    assert (summary["sorted"], summary["failed"]) == (2, 0)


@needs_root
def test_a_read_only_inbox_gives_one_result_however_often_it_is_looked_at(place: Place) -> None:
    place.drop(*range(4))
    before = whole(place.inbox)
    with read_only(place.inbox), watching(place, "--copy", "--poll", "0.1", "--no-events") as watcher:
        watcher.wait_until_sorted(4)
        time.sleep(1.5)
        summary = watcher.stop()

    assert summary["sorted"] == 4
    assert whole(place.inbox) == before
    assert sorted(contents(place.out)) == sorted(digests(*range(4)))


@needs_root
def test_an_inbox_that_becomes_read_only_gives_one_result_and_the_reason(place: Place) -> None:
    with watching(place, "--poll", "0.1", "--no-events", "--settle", "1.5") as watcher:
        place.drop(*range(4))
        with read_only(place.inbox):
            watcher.wait_until_sorted(4)
            time.sleep(1.5)
            watcher.stop()

    sorted_lines = [line for line in watcher.lines if line["outcome"] == "sorted"]
    assert len(sorted_lines) == 4
    assert all("Read-only" in line["trouble"] for line in sorted_lines)
    assert_nothing_lost(contents(place.inbox), *place.both())


# --- the output ---


def fill(path: Path) -> None:
    """A file that leaves no room on its disk."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(1024))
    os.close(descriptor)


@needs_root
def test_a_full_disk_pauses_the_watcher_which_says_so_once_and_goes_on_when_there_is_room(place: Place) -> None:
    often = "import pigeonhole.inbox.watch as watch\nwatch.RETRY_SECONDS = 0.3\n"
    with mounted(place.out, "-o", "size=1m"), watching(place, first=often) as watcher:
        filler = place.out / "filler"
        fill(filler)
        place.drop(*range(10))
        before = contents(place.inbox)
        watcher.wait_for_trouble("Nothing is sorted until this is fixed")
        for _ in range(4):  # it tries again
            wait_for_a_try(place)
        assert_nothing_lost(before, place.inbox)
        assert watcher.said.count("Nothing is sorted until this is fixed") <= 2
        filler.unlink()
        wait_until(lambda: names(place.inbox) == [], "going on")
        watcher.wait_until_well()
        summary = watcher.stop()
        assert summary["sorted"] == 10
        assert_all_sorted_once(place, *range(10))
    assert "Resolved: " in watcher.said


def wait_for_a_try(place: Place) -> None:
    """Until the watcher has written down anew how it is, which it does when it tries to sort into the output."""
    file = place.out / FILE
    before = file.stat().st_mtime_ns
    wait_until(lambda: file.stat().st_mtime_ns != before, "another try")


def test_an_output_that_goes_and_comes_back_costs_nothing(place: Place) -> None:
    away = place.folder / "away"
    with watching(place, "--poll", "0.5") as watcher:
        place.drop(0)
        watcher.wait_until_sorted(1)
        place.out.rename(away)
        place.drop(1)
        watcher.wait_for("was moved away, removed or replaced")
        time.sleep(1)
        assert names(place.inbox) == ["00001.png"]
        assert not place.out.exists()  # nothing is sorted into a folder that only looks like the one that was chosen
        away.rename(place.out)
        watcher.wait_until_sorted(2)
        watcher.wait_until_well()
        watcher.stop()
    assert_all_sorted_once(place, 0, 1)


# --- two watchers ---


@pytest.mark.parametrize("count", [2, 4])
def test_of_several_watchers_one_works_and_the_others_say_so_and_leave(place: Place, count: int) -> None:
    place.drop(*range(30))
    with ExitStack() as stack:
        outs = [place.folder / f"out {number}" for number in range(count)]
        watchers = [stack.enter_context(watching(place, out=out, ready=False)) for out in outs]
        wait_until(lambda: sum(watcher.process.poll() is None for watcher in watchers) == 1, "leaving")
        (first,) = (watcher for watcher in watchers if watcher.process.poll() is None)
        for watcher in watchers:
            if watcher is not first:
                assert watcher.process.returncode == 2
                assert "Another process watches" in watcher.said
        first.wait_until_sorted(30)
        first.process.kill()
        first.process.wait()
        assert not any(out.exists() for out in outs if out != first.out)

        place.drop(30)
        heir = stack.enter_context(watching(place, out=first.out))
        heir.wait_until_sorted(31)
        heir.stop()
    assert sorted(contents(first.out)) == sorted(digests(*range(31)))


def test_two_watchers_that_sort_into_one_output_do_not_either(place: Place) -> None:
    (place.folder / "elsewhere").mkdir()
    other = Place(place.folder / "elsewhere")
    with watching(place) as first, watching(other, out=place.out, ready=False) as second:
        assert second.process.wait(HANGS) == 5
        assert "is sorting into" in second.said
        assert first.process.poll() is None


def test_a_lock_follows_the_inbox_to_the_folder_that_takes_its_name(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with InboxLock(inbox) as lock:
        inbox.rename(tmp_path / "away")
        inbox.mkdir()
        lock.follow()
        with pytest.raises(UsageError, match="already"):
            InboxLock(inbox)
        InboxLock(tmp_path / "away").release()
    InboxLock(inbox).release()
    assert list(inbox.iterdir()) == []


# --- health ---


def test_health_knows_a_dead_a_silent_and_an_ended_watcher(place: Place) -> None:
    assert why_unhealthy(place.out) == f"no watcher sorts into {place.out}"
    with watching(place) as watcher:
        assert why_unhealthy(place.out) is None
        assert why_unhealthy(place.out, lambda: time.monotonic() + SILENCE_SECONDS + 10) is not None
        watcher.process.send_signal(signal.SIGSTOP)
        assert why_unhealthy(place.out) is None
        watcher.process.kill()
        watcher.process.wait()
        assert why_unhealthy(place.out) == ENDED
    assert watcher.health()[0] == 1


def test_health_is_written_in_place_so_that_a_full_disk_can_be_told_of(place: Place) -> None:
    (place.out / ".pigeonhole").mkdir(parents=True)
    health = Health(place.out)
    (file,) = (place.out / ".pigeonhole").iterdir()
    before = file.stat()
    for text in ("", "x" * 10_000, ""):
        health.beat(text)
        after = file.stat()
        assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert why_unhealthy(place.out) is None
    health.close()


def test_health_needs_neither_numpy_nor_a_model(place: Place) -> None:
    with watching(place):
        loaded = imported_by("health", place.out)

    assert not loaded & {"numpy", "PIL", "onnxruntime", "watchdog", "sqlite3"}
