"""A watcher in the test's own process, with its own clock and decoders: what happens between two looks."""

import errno
import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from oracle import contents
from pictures import drawing, saved
from pigeonhole.decoding.item import Decoded, Problem
from pigeonhole.errors import PigeonholeError
from pigeonhole.images import Preprocessing
from pigeonhole.inbox.events import Events, Watchdog
from pigeonhole.inbox.health import why_unhealthy
from pigeonhole.inbox.lock import InboxLock
from pigeonhole.inbox.model_reload import ModelReloader
from pigeonhole.inbox.scan import Scan
from pigeonhole.inbox.watch import Folders, Watcher
from pigeonhole.output import Recorder
from pigeonhole.placing import Placing
from pigeonhole.records import Failed, Found, Placed, Unreadable
from pigeonhole.sorting import SortOptions
from thread_decoders import ThreadDecoders
from watching import HANGS, Place, assert_all_sorted_once, digests, names, picture


class Watched:
    """A Watcher in this process. `clock` stands still unless the test moves it; decoding goes through `decoders`."""

    def __init__(
        self,
        place: Place,
        decoders: ThreadDecoders,
        placing: Placing = Placing.MOVE,
        events: Events | None = None,
    ) -> None:
        self.now = 1000.0
        self.output = Recorder()
        self.scan = Scan(place.inbox, settle=2.0, clock=self.clock)
        self.watcher = Watcher(
            Folders(place.inbox, place.out, SortOptions(placing=placing)),
            self.scan,
            ModelReloader(place.tf_files / "model.onnx", 2.0, clock=self.clock),
            decoders,
            lock=InboxLock(place.inbox),
            output=self.output,
            poll=5.0,
            events=events,
            clock=self.clock,
        )

    def clock(self) -> float:
        return self.now

    def look(self, *later: float) -> None:
        """One look after each of these times in seconds."""
        for seconds in later:
            self.now += seconds
            self.watcher.look()

    def kinds(self) -> list[type]:
        return [type(outcome) for outcome in self.output.outcomes]


class Meddling(ThreadDecoders):
    """Does something to the inbox after the files were decoded and before anyone hears of it."""

    def __init__(self, *deeds: object) -> None:
        self.deeds = list(deeds)

    def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
        results = list(super().decode(items, preprocessing))
        if results and self.deeds:
            deed = self.deeds.pop(0)
            assert callable(deed)
            deed()
        yield from results


@pytest.mark.parametrize("placing", [Placing.MOVE, Placing.COPY])
def test_an_answer_about_a_file_that_was_replaced_or_edited_meanwhile_is_thrown_away(
    place: Place, placing: Placing
) -> None:
    path = place.inbox / "a.png"

    def replace() -> None:
        (place.inbox / "b.tmp").write_bytes(picture(1))
        (place.inbox / "b.tmp").rename(path)

    def edit() -> None:
        path.write_bytes(picture(2))

    path.write_bytes(picture(0))
    watched = Watched(place, Meddling(replace, edit), placing)
    watched.look(0, 2, 0, 2)
    assert names(place.out) == []
    assert watched.output.outcomes == []

    watched.look(1, 2)
    watched.watcher.close()
    assert [name.split("-")[0] for name in names(place.out)] == ["blue_things"]
    assert sorted(contents(place.out)) == digests(2)


def test_events_come_again_after_the_inbox_was_away(place: Place) -> None:
    wake = threading.Event()
    watched = Watched(place, ThreadDecoders(), events=Watchdog(wake, recursive=False))
    watched.look(0)
    place.inbox.rename(place.folder / "away")
    watched.look(1)
    place.inbox.mkdir()
    watched.look(1)
    wake.clear()

    place.drop(0)
    assert wake.wait(HANGS)
    watched.look(0, 2)
    watched.watcher.close()
    assert_all_sorted_once(place, 0)


def test_a_file_that_goes_while_it_is_classified_is_nobodys_failure(place: Place) -> None:
    place.drop(0)
    watched = Watched(place, Meddling((place.inbox / "00000.png").unlink))
    watched.look(0, 2, 2, 2)
    watched.watcher.close()

    assert watched.output.outcomes == []
    assert watched.watcher.summary.seen == 0


class Roomless(ThreadDecoders):
    """The system has no room for a decoder, `times` times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
        self.times -= 1
        if self.times >= 0:
            raise PigeonholeError("No decoder process can be started: Cannot allocate memory.")
        return super().decode(items, preprocessing)


def test_a_system_without_room_for_decoders_is_a_trouble_that_passes(place: Place) -> None:
    place.drop(0)
    watched = Watched(place, Roomless(3))
    watched.look(0, 2, 2)
    assert why_unhealthy(place.out) == "No decoder process can be started: Cannot allocate memory. It is tried again."
    watched.look(2, 2, 2)
    assert why_unhealthy(place.out) is None
    watched.watcher.close()

    assert len(watched.output.warnings) == 1
    assert_all_sorted_once(place, 0)


class Failing(ThreadDecoders):
    """The system answers `number` for the pictures in `names`."""

    def __init__(self, number: int, *names: str) -> None:
        self.number = number
        self.names = set(names)
        self.tries = 0

    def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
        for item in items:
            if isinstance(item, Found) and item.path.name in self.names:
                self.tries += 1
                yield Failed(item.path, f"it cannot be read: {os.strerror(self.number)}", transient=True)
            else:
                yield from super().decode([item], preprocessing)


@pytest.mark.parametrize("number", [errno.EIO, errno.EBUSY, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT])
def test_a_file_that_fails_is_tried_again_ever_more_rarely_and_the_others_go_on(place: Place, number: int) -> None:
    place.drop(0, 1)
    decoders = Failing(number, "00000.png")
    watched = Watched(place, decoders)
    watched.look(0, 2)
    assert watched.kinds().count(Placed) == 1
    for _ in range(60):
        watched.look(1)
    assert 4 <= decoders.tries <= 8
    assert watched.kinds().count(Failed) == 1  # told once

    decoders.names.clear()
    for _ in range(300):
        watched.look(1)
    watched.watcher.close()
    assert_all_sorted_once(place, 0, 1)
    assert (watched.watcher.summary.sorted, watched.watcher.summary.failed) == (2, 0)


def test_what_still_fails_at_the_end_is_counted_as_failed(place: Place) -> None:
    place.drop(0)
    watched = Watched(place, Failing(errno.EIO, "00000.png"))
    watched.look(0, 2, 2)
    watched.watcher.close()

    assert watched.watcher.summary.failed == watched.watcher.summary.seen == 1


def test_a_clock_that_jumps_neither_hurries_nor_holds_up_a_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.drop(0)
    watched = Watched(place, ThreadDecoders())
    for jump in (-(10**9), 10**9, 0):
        real = time.time
        monkeypatch.setattr(time, "time", lambda jump=jump, real=real: real() + jump)
        watched.look(0)
    assert place.sorted_count() == 0
    watched.look(2)
    assert place.sorted_count() == 1
    watched.watcher.close()


def test_a_verdict_is_given_only_after_the_file_has_stayed_unreadable(place: Place) -> None:
    (place.inbox / "cut.png").write_bytes(picture(0)[:50])
    watched = Watched(place, ThreadDecoders())
    watched.look(0, 2, 5, 5, 5)
    assert watched.output.outcomes == []
    assert names(place.inbox) == ["cut.png"]

    watched.look(5, 5)
    watched.watcher.close()
    assert watched.kinds() == [Unreadable]
    assert names(place.out) == ["_unreadable/cut.png"]


@pytest.mark.parametrize(("kind", "missing"), [("PNG", 12), ("JPEG", 2), ("GIF", 1)])
def test_a_picture_without_its_end_is_waited_for_and_then_sorted(place: Place, kind: str, missing: int) -> None:
    data = saved(drawing(60, 40), kind)[:-missing]
    (place.inbox / "a").write_bytes(data)
    watched = Watched(place, ThreadDecoders())
    watched.look(0, 2, 5, 5, 5)
    assert watched.output.outcomes == []
    assert names(place.inbox) == ["a"]

    watched.look(5, 5)
    watched.watcher.close()
    assert watched.kinds() == [Placed]
    assert hashlib.sha256(data).hexdigest() in contents(place.out)
    assert names(place.inbox) == []


def test_a_picture_whose_end_comes_late_is_sorted_whole(place: Place) -> None:
    data = saved(drawing(60, 40), "JPEG")
    path = place.inbox / "a.jpg"
    path.write_bytes(data[:-2])
    watched = Watched(place, ThreadDecoders())
    watched.look(0, 2, 5, 5)
    path.write_bytes(data)
    watched.look(1, 2)
    watched.watcher.close()
    assert watched.kinds() == [Placed]
    assert hashlib.sha256(data).hexdigest() in contents(place.out)
    assert names(place.inbox) == []


def test_only_so_many_files_are_held_in_memory_and_all_are_sorted(place: Place) -> None:
    place.drop(*range(100))
    watched = Watched(place, ThreadDecoders())
    watched.scan._stability._most = 10
    watched.look(0)
    assert watched.scan.waiting == 10
    watched.look(*[2] * 12)
    watched.watcher.close()

    assert_all_sorted_once(place, *range(100))
