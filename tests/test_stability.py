"""When a file counts as complete, with a clock that the test holds. No file is touched here."""

from dataclasses import replace
from pathlib import Path

import pytest

from pigeonhole.inbox.backoff import LONGEST_SECONDS, MOST, Backoff, Remembered
from pigeonhole.inbox.baseline import Baseline
from pigeonhole.inbox.stability import StabilityTracker
from pigeonhole.records import Identity, Unreadable

FILE = Identity(device=1, inode=2, size=3, mtime_ns=4, ctime_ns=5)


def test_a_file_settles_after_two_looks_that_are_far_enough_apart() -> None:
    settling = StabilityTracker(2.0)

    assert [settling.is_stable("a", FILE, now) for now in (0.0, 1.0, 1.9, 2.0, 3.0)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_one_look_is_never_enough_however_late_it_is() -> None:
    assert not StabilityTracker(2.0).is_stable("a", FILE, 10**9)
    assert not StabilityTracker(0.0).is_stable("a", FILE, 10**9)


@pytest.mark.parametrize("changed", ["device", "inode", "size", "mtime_ns", "ctime_ns"])
def test_whatever_changes_about_a_file_it_begins_to_settle_again(changed: str) -> None:
    settling = StabilityTracker(2.0)
    settling.is_stable("a", FILE, 0.0)
    other = replace(FILE, **{changed: 99})

    assert not settling.is_stable("a", other, 2.0)
    assert not settling.is_stable("a", other, 3.9)
    assert settling.is_stable("a", other, 4.0)


def test_a_time_stamp_from_the_year_2099_or_1904_changes_nothing() -> None:
    for mtime_ns in (4_073_000_000 * 10**9, -2_000_000_000 * 10**9):
        settling = StabilityTracker(2.0)
        settling.is_stable("a", replace(FILE, mtime_ns=mtime_ns), 0.0)
        assert settling.is_stable("a", replace(FILE, mtime_ns=mtime_ns), 2.0)


def test_only_so_many_files_are_waited_for_and_the_others_come_later() -> None:
    settling = StabilityTracker(2.0, most=3)
    for now in (0.0, 5.0):
        for name in "abcde":
            settling.is_stable(name, FILE, now)
    assert len(settling) == 3

    for name in "abc":
        settling.forget(name)
    assert not settling.is_stable("d", FILE, 6.0)
    assert settling.is_stable("d", FILE, 8.0)


def test_a_file_that_has_gone_is_forgotten_after_the_next_full_look() -> None:
    settling = StabilityTracker(2.0)
    settling.is_stable("a", FILE, 0.0)
    settling.is_stable("b", FILE, 0.0)
    settling.end_look()
    settling.is_stable("b", FILE, 1.0)
    settling.end_look()

    assert "a" not in settling
    assert not settling.is_stable("a", FILE, 9.0)  # what comes under its name begins anew
    assert settling.next_due() == 2.0


def test_what_fails_is_tried_again_ever_more_rarely_and_told_once() -> None:
    backoff = Backoff()
    now, tries, told = 0.0, [], []
    for _ in range(12):
        told.append(backoff.failed("a", FILE, "the disk does not answer", now))
        due = backoff.next_due()
        assert due is not None
        assert not backoff.is_due("a", FILE, due - 0.1)
        assert backoff.is_due("a", FILE, due)
        tries.append(due - now)
        now = due

    assert tries == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]
    assert told == [True, *[False] * 11]
    assert backoff.failed("a", FILE, "no permission", now)


def test_a_failed_file_that_changes_is_tried_at_once() -> None:
    backoff = Backoff()
    backoff.failed("a", FILE, "the disk does not answer", 0.0)

    assert backoff.is_due("a", replace(FILE, size=4), 0.1)
    assert backoff.failing() == set()


def test_a_verdict_is_kept_for_as_long_as_the_file_stays_as_it_is() -> None:
    backoff = Backoff()
    verdict = Unreadable(Path("a"), "it is cut off", FILE)
    backoff.doubt("a", FILE, verdict, 20.0)

    assert not backoff.is_due("a", FILE, 19.0)
    assert backoff.is_due("a", FILE, 20.0)
    assert backoff.verdict("a") is verdict
    assert backoff.failing() == set()  # it is doubted, not failed
    assert backoff.is_due("a", replace(FILE, size=4), 1.0)
    assert backoff.verdict("a") is None


def test_patience_has_bounds() -> None:
    backoff = Backoff()
    for number in range(MOST + 10):
        backoff.failed(number, FILE, "no permission", 0.0)

    assert len(backoff) == MOST
    assert backoff.is_due(0, FILE, 0.5)  # tried early: no harm but a look


def test_what_needs_nothing_is_remembered_until_it_changes_and_memory_has_bounds() -> None:
    remembered = Remembered(most=3)
    for name in "abc":
        remembered.add(name, FILE)
    assert ("a", FILE) in remembered
    assert ("a", replace(FILE, mtime_ns=9)) not in remembered

    remembered.add("d", FILE)
    assert ("d", FILE) in remembered
    assert ("a", FILE) not in remembered


def test_existing_files_are_known_by_place_size_and_time() -> None:
    existing = Baseline((f"{number}.jpg", replace(FILE, inode=number)) for number in range(1000))

    assert ("7.jpg", replace(FILE, inode=7)) in existing
    assert ("7.jpg", replace(FILE, inode=7, size=9)) not in existing
    assert ("1000.jpg", replace(FILE, inode=1000)) not in existing
    assert ("7.jpg", FILE) not in Baseline(())
