"""The watched inbox, as a real process on real files: what arrives is sorted once, when it is complete."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from oracle import contents, whole
from watching import (
    SETTLE,
    Place,
    assert_all_sorted_once,
    digests,
    names,
    picture,
    wait_until,
    watching,
    write_slowly,
)

SHORT, LONG = SETTLE / 4, SETTLE * 3


@pytest.mark.parametrize("events", [(), ("--no-events", "--poll", "0.5")])
def test_what_arrives_is_sorted_with_and_without_events(place: Place, events: tuple[str, ...]) -> None:
    place.drop(0, 1)
    with watching(place, *events) as watcher:
        place.drop(2)
        watcher.wait_until_sorted(3)
        place.drop(3, 4, 5)
        watcher.wait_until_sorted(6)
        assert watcher.health() == (0, "healthy")
        summary = watcher.stop()

    assert_all_sorted_once(place, *range(6))
    assert summary["sorted"] == 6
    assert [line["outcome"] for line in watcher.lines] == [*["sorted"] * 6, "summary"]
    assert watcher.health() == (1, "unhealthy: the watcher has ended")


def test_events_wake_the_watcher_long_before_the_next_look(place: Place) -> None:
    with watching(place, "--poll", "3600") as watcher:
        place.drop(0)
        watcher.wait_until_sorted(1)


@pytest.mark.parametrize("keeps_open", [True, False])
@pytest.mark.parametrize("pauses", [[SHORT] * 8, [LONG] * 2, [SHORT, LONG, SHORT]])
def test_a_slow_writers_file_is_sorted_whole_however_long_it_pauses(
    place: Place, pauses: list[float], keeps_open: bool
) -> None:
    with watching(place) as watcher:
        write_slowly(place.inbox / "slow.png", picture(7), pauses, keeps_open=keeps_open)
        watcher.wait_until_sorted(1)
        watcher.stop()

    assert_all_sorted_once(place, 7)
    assert len(watcher.lines) == 2  # and nobody was told of half a picture


def test_a_file_that_has_its_size_at_once_and_fills_up_slowly_is_sorted_whole(place: Place) -> None:
    data = picture(4, size=600)
    with watching(place) as watcher:
        descriptor = os.open(place.inbox / "grown.png", os.O_CREAT | os.O_WRONLY)
        os.ftruncate(descriptor, len(data))
        for start in range(0, len(data), len(data) // 5):
            time.sleep(LONG if start else SHORT)
            os.pwrite(descriptor, data[start : start + len(data) // 5], start)
        assert place.sorted_count() == 0
        os.close(descriptor)
        watcher.wait_until_sorted(1)
        watcher.stop()

    assert list(contents(place.out)) == [hashlib.sha256(data).hexdigest()]


def test_a_file_that_is_held_open_for_writing_is_not_taken(place: Place) -> None:
    with watching(place) as watcher, (place.inbox / "open.png").open("wb") as writer:
        writer.write(picture(0))
        writer.flush()
        place.drop(1)
        watcher.wait_until_sorted(1)
        time.sleep(LONG)
        assert names(place.inbox) == ["open.png"]
        writer.close()
        watcher.wait_until_sorted(2)


def test_half_a_file_that_is_there_at_the_start_settles_as_any_other(place: Place) -> None:
    data = picture(5)
    (place.inbox / "half.png").write_bytes(data[:60])
    writer = threading.Thread(target=write_slowly, args=(place.inbox / "half.png", data[60:], [LONG, SHORT]))
    writer.start()
    with watching(place) as watcher:
        writer.join()
        watcher.wait_until_sorted(1)
        watcher.stop()

    assert_all_sorted_once(place, 5)


def test_a_backlog_is_sorted_at_the_start_or_left_as_the_user_says(place: Place) -> None:
    place.drop(*range(30))
    with watching(place, "--existing", "leave") as watcher:
        place.drop(30)
        watcher.wait_until_sorted(1)
        assert watcher.stop()["sorted"] == 1
    assert len(names(place.inbox)) == 30

    with watching(place) as watcher:
        watcher.wait_until_sorted(31)
        watcher.stop()
    assert_all_sorted_once(place, *range(31))


def test_a_picture_that_was_left_and_is_then_changed_has_arrived(place: Place) -> None:
    place.drop(0)
    with watching(place, "--existing", "leave") as watcher:
        time.sleep(2 * SETTLE)
        (place.inbox / "00000.png").write_bytes(picture(3))
        watcher.wait_until_sorted(1)

    assert_all_sorted_once(place, 3)


def test_files_of_the_year_2099_and_of_1970_are_sorted_as_any_other(place: Place) -> None:
    with watching(place) as watcher:
        for number, seconds in enumerate((4_073_000_000, 0, time.time() + 3600)):
            path = place.inbox / f".{number}.part"
            path.write_bytes(picture(number))
            os.utime(path, (seconds, seconds))
            path.rename(place.inbox / f"{number}.png")
        watcher.wait_until_sorted(3)

    assert_all_sorted_once(place, 0, 1, 2)


def test_other_programs_files_are_left_alone_until_they_get_their_name(place: Place) -> None:
    left = ["a.png.part", "b.crdownload", "~$c.png", "._d.png", "Thumbs.db", "notes.txt"]
    ours = ".pigeonhole-x.part"
    for name in (*left, ours):
        (place.inbox / name).write_bytes(picture(0))
    (place.inbox / "notes.txt").write_text("not a picture")
    with watching(place) as watcher:
        place.drop(1)
        watcher.wait_until_sorted(1)
        assert set(names(place.inbox)) == set(left)
        assert (place.inbox / ours).exists()
        (place.inbox / "a.png.part").rename(place.inbox / "a.png")
        watcher.wait_until_sorted(2)
        assert watcher.stop()["sorted"] == 2


def test_sub_folders_are_entered_only_when_asked(place: Place) -> None:
    (place.inbox / "deep" / "deeper").mkdir(parents=True)
    place.drop(0)
    place.drop(1, into=place.inbox / "deep" / "deeper")
    with watching(place) as watcher:
        watcher.wait_until_sorted(1)
        time.sleep(LONG)
        assert names(place.inbox) == ["deep/deeper/00001.png"]
    with watching(place, "--recursive") as watcher:
        watcher.wait_until_sorted(2)
        (place.inbox / "new").mkdir()
        place.drop(2, into=place.inbox / "new")
        watcher.wait_until_sorted(3)

    assert_all_sorted_once(place, 0, 1, 2)


def test_copies_leave_the_inbox_as_it_is_and_are_made_once_however_often_it_looks(place: Place) -> None:
    place.drop(*range(5))
    before = whole(place.inbox)
    for _ in range(2):
        with watching(place, "--copy", "--poll", "0.1", "--no-events") as watcher:
            watcher.wait_until_sorted(5)
            time.sleep(1.5)  # ten looks and more
            watcher.stop()

    assert whole(place.inbox) == before
    assert sorted(contents(place.out)) == sorted(digests(*range(5)))
    assert len(watcher.lines) == 1  # the second watcher had nothing to do


def test_the_same_content_twice_is_two_files(place: Place) -> None:
    with watching(place) as watcher:
        for _ in range(2):
            (place.inbox / "a.png").write_bytes(picture(0))
            (place.inbox / "b.png").write_bytes(picture(0))
            wait_until(lambda: names(place.inbox) == [])
        watcher.stop()

    assert contents(place.out) == {digests(0)[0]: 4}


def test_what_cannot_be_read_is_set_aside_once_and_looked_at_again_when_it_changes(place: Place) -> None:
    with watching(place) as watcher:
        (place.inbox / "cut.png").write_bytes(picture(0)[:50])
        (place.inbox / "empty.jpg").touch()
        place.drop(1)
        watcher.wait_until_sorted(3)
        assert {"_unreadable/cut.png", "_unreadable/empty.jpg"} <= set(names(place.out))
        (place.inbox / "cut.png").write_bytes(picture(0))
        watcher.wait_until_sorted(4)
        summary = watcher.stop()

    assert (summary["sorted"], summary["unreadable"]) == (2, 2)


def test_what_cannot_be_read_and_is_left_is_told_once_and_sorted_when_it_is_mended(place: Place) -> None:
    (place.inbox / "cut.png").write_bytes(picture(0)[:50])
    with watching(place, "--leave-unreadable", "--poll", "0.1", "--no-events") as watcher:
        wait_until(lambda: len(watcher.lines) > 0, "being told")
        time.sleep(1.5)
        assert [line["outcome"] for line in watcher.lines] == ["unreadable"]
        assert names(place.inbox) == ["cut.png"]
        (place.inbox / "cut.png").write_bytes(picture(0))
        watcher.wait_until_sorted(1)

    assert_all_sorted_once(place, 0)


def test_what_six_processes_drop_at_once_is_all_sorted_once(place: Place) -> None:
    per_process, processes = 100, 6
    code = (
        "import sys; from pathlib import Path; from watching import picture\n"
        "inbox, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])\n"
        "for number in range(first, first + count): (inbox / f'{number:05}.png').write_bytes(picture(number))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with watching(place) as watcher:
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(place.inbox), str(n * per_process), str(per_process)], env=environment
            )
            for n in range(processes)
        ]
        assert [writer.wait() for writer in writers] == [0] * processes
        watcher.wait_until_sorted(per_process * processes)
        summary = watcher.stop()

    assert summary["sorted"] == per_process * processes
    assert names(place.inbox) == []
    assert sorted(contents(place.out)) == sorted(digests(*range(per_process * processes)))


def test_a_whole_tree_is_moved_into_the_inbox_at_once(place: Place) -> None:
    tree = place.folder / "tree"
    for number in range(40):
        folder = tree / f"{number % 7}" / f"{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        place.drop(number, into=folder)
    with watching(place, "--recursive") as watcher:
        shutil.move(tree, place.inbox / "tree")
        watcher.wait_until_sorted(40)
        watcher.stop()

    assert_all_sorted_once(place, *range(40))
