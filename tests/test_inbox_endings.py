"""How a watch begins and ends, and what is exchanged under it: signals, kills, models."""

import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest

from commands import pigeonhole
from decoder_stubs import ASLEEP
from disks import second_disk
from models import colour_model
from oracle import assert_exactly_once, assert_nothing_lost, contents, whole
from watching import (
    Place,
    assert_all_sorted_once,
    digests,
    names,
    wait_until,
    watching,
)


def wait_for_one_more(place: Place) -> None:
    """Until the watcher is in the middle of its work."""
    count = place.sorted_count()
    wait_until(lambda: place.sorted_count() > count)
    time.sleep(random.uniform(0, 0.03))


@pytest.mark.parametrize("out", ["in box", "in box/below", "."])
def test_an_output_in_or_around_the_inbox_is_refused_before_anything_is_touched(place: Place, out: str) -> None:
    place.drop(0)
    before = whole(place.inbox)
    link = place.folder / "link"
    link.symlink_to(place.inbox)

    for inbox in (place.inbox, link):
        ran = pigeonhole("watch", place.tf_files, inbox, place.folder / out)
        assert ran.returncode == 2, ran.stderr
    assert whole(place.inbox) == before


def test_without_a_model_nothing_begins(place: Place) -> None:
    place.drop(0)
    (place.tf_files / "model.onnx").unlink()

    ran = pigeonhole("watch", place.tf_files, place.inbox, place.out)

    assert ran.returncode == 3
    assert "There is no model at" in ran.stderr
    assert not place.out.exists()


def test_ctrl_c_and_sigterm_end_the_watch_with_its_counts_and_no_orphans(place: Place) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with watching(place) as watcher:
            place.drop(0, 1)
            wait_until(lambda: names(place.inbox) == [])
            children = Path(f"/proc/{watcher.process.pid}/task/{watcher.process.pid}/children").read_text().split()
            assert children
            assert watcher.stop(number)["sorted"] == 2
            assert watcher.process.returncode == 0
        assert not [child for child in children if Path(f"/proc/{child}").exists()]


@pytest.mark.parametrize("disk", ["same", "other"])
def test_sigterm_in_the_middle_of_the_work_leaves_nothing_half_done(place: Place, disk: str) -> None:
    with second_disk() if disk == "other" else nullcontext(place.folder) as folder:
        place.out = folder / "sorted"
        for start in range(0, 120, 40):  # more each time: a quick watcher may have finished before it is stopped
            place.drop(*range(start, start + 40))
            before = Counter(digests(*range(start + 40)))
            with watching(place, ready=False) as watcher:
                wait_for_one_more(place)
                watcher.stop()
                assert watcher.lines[-1]["sorted"] == len(watcher.lines) - 1 > 0
            assert_exactly_once(before, *place.both())
        with watching(place) as watcher:
            watcher.wait_until_sorted(120)
            watcher.stop()
        assert_all_sorted_once(place, *range(120))


def test_sigterm_does_not_wait_for_a_decoder_that_hangs(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.drop(*range(3))
    first = (
        "import pigeonhole.decoding.pool as pool\n"
        "init = pool.DecoderPool.__init__\n"
        "pool.DecoderPool.__init__ = lambda self, *a, **k: init(self, None, None, 'decoder_stubs:sleeping', **k)\n"
    )
    asleep = place.folder / "asleep"
    monkeypatch.setenv(ASLEEP, str(asleep))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with watching(place, first=first) as watcher:
        wait_until(asleep.exists, "sleeping")
        watcher.stop()  # which is given up long before the decoder wakes

    assert watcher.process.returncode == 0
    assert sorted(contents(place.inbox)) == sorted(digests(0, 1, 2))


def test_a_watcher_that_is_killed_at_random_moments_sorts_everything_exactly_once(place: Place) -> None:
    for count in range(50, 300, 50):  # more each time: a quick watcher may have finished before it is killed
        place.drop(*range(count - 50, count))
        before = Counter(digests(*range(count)))
        with watching(place, ready=False) as watcher:
            wait_for_one_more(place)
            watcher.process.kill()
        assert_nothing_lost(before, *place.both())
    with watching(place) as watcher:
        watcher.wait_until_sorted(250)
        watcher.stop()
    assert_exactly_once(before, *place.both())


def test_the_model_is_exchanged_between_files_when_a_new_one_is_published(place: Place) -> None:
    def scores(count: int) -> set[float]:
        """Of the first `count` pictures; a file stands in the output a moment before it is told of."""

        def told() -> list[float]:
            return [round(line["score"], 3) for line in watcher.lines if line["outcome"] == "sorted"]

        wait_until(lambda: len(told()) >= count, f"{count} lines")
        return set(told())

    model = place.tf_files / "model.onnx"
    with watching(place, "--poll", "0.5") as watcher:
        place.drop(0)
        assert scores(1) == {1.0}

        (place.tf_files / "part").write_bytes(colour_model(sharpness=1.0))
        (place.tf_files / "part").rename(model)
        watcher.wait_for("A new model")
        place.drop(1)
        (new,) = scores(2) - {1.0}
        assert 0.5 < new < 0.6

        model.write_bytes(colour_model(sharpness=3.0)[:400])
        watcher.wait_for("cut off")
        watcher.wait_for_trouble("stays in use")
        place.drop(2)
        assert scores(3) == {1.0, new}

        model.unlink()
        watcher.wait_for_trouble("has gone")
        place.drop(3)
        watcher.wait_until_sorted(4)

        model.write_bytes(colour_model(sharpness=12.0))
        watcher.wait_until_well()
        watcher.stop()

    assert watcher.said.count("cut off") == 1
    assert watcher.said.count("Resolved: The model") == 1
    assert_all_sorted_once(place, 0, 1, 2, 3)
