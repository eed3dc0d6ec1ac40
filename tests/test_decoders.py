"""A decoder may crash, hang or eat memory: it costs that one file, and nobody is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from decoder_stubs import ASLEEP, ONCE
from pictures import drawing, saved
from pigeonhole.decoding.item import Decoded, Made, Problem
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.decoding.protocol import Limits
from pigeonhole.errors import PigeonholeError
from pigeonhole.files import find, find_named
from pigeonhole.images import Preprocessing
from pigeonhole.records import Failed, Found, Skipped, Unreadable
from thread_decoders import ThreadDecoders
from trees import RED, write_pictures
from watching import HANGS, wait_until

TINY = Preprocessing(size=8)


@dataclass(frozen=True)
class NoSquares:
    size: int = 0


Pool = Callable[..., DecoderPool]


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Makes pools whose decoder obeys the files, and closes them."""
    pools: list[DecoderPool] = []

    def make(*, seconds: float = 60.0, memory: int = 1024**3, patience: float = 60.0, workers: int = 2) -> DecoderPool:
        made = DecoderPool(workers, Limits(seconds, memory, patience), "decoder_stubs:obedient")
        pools.append(made)
        return made

    yield make
    for made in pools:
        made.close()


def write(folder: Path, *contents: bytes) -> list[Found]:
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents):
        (folder / f"{number:04}.jpg").write_bytes(content)
    return [find_named(folder / f"{number:04}.jpg") for number in range(len(contents))]


def values(results: list[Decoded | Problem]) -> list[int | str]:
    return [int(result.pixels[0, 0, 0]) if isinstance(result, Decoded) else result.reason for result in results]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"sleep", "decoding it takes longer than 3 seconds"),
        (b"hang", "decoding it takes longer than 3 seconds"),
        (b"spin", "decoding it takes longer than 1 seconds"),
        (b"kill", "the system killed the decoder twice, probably because the picture needs too much memory"),
        (b"crash", "it crashes the decoder (SIGSEGV)"),
        (b"exit", "it crashes the decoder (exit code 3)"),
        (b"bug", "it crashes the decoder (exit code 1)"),
        (b"hoard", "it needs more than 512 MiB of memory"),
        (b"refuse", "it is not a picture"),
    ],
)
def test_a_decoder_that_dies_hangs_or_hoards_costs_that_file_only(
    pool: Pool, tmp_path: Path, content: bytes, reason: str
) -> None:
    files = write(tmp_path, *[bytes([n]) for n in range(30)], content, *[bytes([n]) for n in range(31, 60)])

    patience = 3 if content in (b"sleep", b"hang") else 60
    seconds = 1 if content == b"spin" else 60
    results = list(pool(seconds=seconds, memory=512 * 1024**2, patience=patience).decode(files, TINY))

    assert values(results) == [*range(30), reason, *range(31, 60)]
    assert isinstance(results[30], Unreadable)


def test_a_share_that_hangs_costs_time_but_no_verdict_and_the_others_go_on(tmp_path: Path) -> None:
    files = write(tmp_path, *[bytes([n]) for n in range(30)])
    hanging = tmp_path / "hang.jpg"
    hanging.write_bytes(b"1")

    with DecoderPool(2, Limits(patience=3), "reading_stub:obedient") as decoders:
        results = list(decoders.decode([*files[:10], find_named(hanging), *files[10:]], TINY))

    assert results[10] == Failed(hanging, "reading it takes longer than 3 seconds", transient=True)
    assert values(results[:10] + results[11:]) == list(range(30))


def test_a_system_without_room_for_another_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", no_room)
    files = write(tmp_path, b"1")
    with DecoderPool(1) as decoders:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            with pytest.raises(PigeonholeError, match="temporarily unavailable"):
                list(decoders.decode(files, TINY))
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_many_deadly_files_among_good_ones_all_cost_no_more_than_themselves(pool: Pool, tmp_path: Path) -> None:
    files = write(tmp_path, *[b"kill" if n % 7 == 0 else b"exit" if n % 7 == 3 else bytes([n]) for n in range(60)])

    results = list(pool().decode(files, TINY))

    assert [isinstance(result, Decoded) for result in results] == [n % 7 not in (0, 3) for n in range(60)]
    assert all(value == n for n, value in enumerate(values(results)) if isinstance(value, int))


def test_a_file_whose_decoder_died_once_by_accident_gets_another_try(pool: Pool, tmp_path: Path) -> None:
    (found,) = write(tmp_path / "in", ONCE + os.fsencode(tmp_path / "mark"))

    (result,) = pool().decode([found], TINY)

    assert isinstance(result, Decoded)


def test_workers_that_are_killed_from_outside_at_any_moment_lose_nothing(pool: Pool, tmp_path: Path) -> None:
    files = write(tmp_path, *[bytes([n % 200]) for n in range(200)])
    decoders = pool()
    results = []
    for number, result in enumerate(decoders.decode(files, TINY)):
        results.append(result)
        if number % 20 == 10:
            os.kill(decoders._workers[-1]._process.pid, signal.SIGKILL)

    assert values(results) == [n % 200 for n in range(200)]


def test_results_keep_the_order_of_the_files_and_problems_pass_through(pool: Pool, tmp_path: Path) -> None:
    files = write(tmp_path, *[bytes([n]) for n in range(100)])
    skipped = Skipped(tmp_path / "notes.txt", "not a picture")
    gone = find_named(tmp_path / "gone.jpg")

    results = list(pool().decode([*files[:50], skipped, gone, *files[50:]], TINY))

    assert results[50] is skipped
    assert results[51] == Failed(gone.path, "it cannot be read: No such file or directory", transient=True)
    assert values(results[:50] + results[52:]) == list(range(100))


def test_no_more_than_a_few_batches_are_decoded_ahead_of_whoever_asks(pool: Pool, tmp_path: Path) -> None:
    files = write(tmp_path, *[b"1"] * 100)
    taken = 0

    def asked() -> Iterator[Found]:
        nonlocal taken
        for file in files:
            taken += 1
            yield file

    results = pool(workers=2).decode(asked(), TINY)
    next(results)

    assert taken <= 16 + 2 * 2


def test_a_caller_who_stops_half_way_leaves_a_pool_that_works(pool: Pool, tmp_path: Path) -> None:
    files = write(tmp_path, *[bytes([n]) for n in range(100)])
    decoders = pool()
    for _ in range(5):
        next(decoders.decode(files, TINY))

    assert values(list(decoders.decode(files, TINY))) == list(range(100))
    assert values(list(decoders.decode(files[:3], Preprocessing(size=16)))) == [0, 1, 2]


def test_processes_and_threads_see_the_same_pixels(tmp_path: Path) -> None:
    found = [item for item in find(write_pictures(tmp_path, {"a.png": RED, "b.jpg": RED})) if isinstance(item, Found)]
    with DecoderPool(1) as decoders:
        in_process = list(decoders.decode(found, TINY))
    in_thread = list(ThreadDecoders().decode(found, TINY))

    for one, other in zip(in_process, in_thread, strict=True):
        assert isinstance(one, Decoded)
        assert isinstance(other, Decoded)
        assert (one.found, one.identity, one.sha256) == (other.found, other.identity, other.sha256)
        assert (one.pixels == other.pixels).all()


def test_decoders_that_cannot_start_end_the_command_with_a_sentence(tmp_path: Path) -> None:
    with DecoderPool(1, decoder="no_such_module:decode") as decoders, pytest.raises(PigeonholeError, match="started"):
        list(decoders.decode(write(tmp_path, b"1"), TINY))


def test_memory_is_given_back_when_the_pool_rests(pool: Pool, tmp_path: Path) -> None:
    files = write(tmp_path, b"1", b"2")
    decoders = pool()
    list(decoders.decode(files, TINY))
    decoders.rest()

    assert decoders._workers == []
    assert values(list(decoders.decode(files, TINY))) == [ord("1"), ord("2")]


CHILD = """
import sys
from pathlib import Path
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.decoding.protocol import Limits
from pigeonhole.files import find_named
from pigeonhole.images import Preprocessing
with DecoderPool(2, Limits(patience=3), "decoder_stubs:obedient") as pool:
    for n, _ in enumerate(pool.decode(map(find_named, sorted(Path(sys.argv[1]).iterdir())), Preprocessing(size=8))):
        print(*(worker._process.pid for worker in pool._workers), flush=True)
"""


def started(folder: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """A process that decodes `folder` and its two workers, one of which hangs by now."""
    asleep = folder.with_name("asleep")
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), ASLEEP: str(asleep)},
        start_new_session=True,
    )
    assert process.stdout is not None
    workers = list(map(int, process.stdout.readline().split()))
    wait_until(asleep.exists, "hanging")
    return process, workers


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    wait_until(lambda: not any(map(is_running, pids)), "the end of all workers")


def test_ctrl_c_ends_every_worker_and_no_worker_prints_a_traceback(tmp_path: Path) -> None:
    write(tmp_path / "in", *[b"1"] * 40, b"sleep", *[b"1"] * 10)
    process, workers = started(tmp_path / "in")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does

    _, stderr = process.communicate(timeout=HANGS)

    assert stderr.count("Traceback") == 1  # the process of this test, which does not catch it
    assert stderr.endswith("KeyboardInterrupt\n")
    wait_until_gone(workers)


def test_workers_of_a_killed_process_end_by_themselves_even_those_that_hang(tmp_path: Path) -> None:
    write(tmp_path / "in", *[b"1"] * 40, b"hang", *[b"1"] * 10)
    process, workers = started(tmp_path / "in")
    process.kill()
    process.communicate()

    wait_until_gone(workers)


def test_what_makes_something_else_of_pictures_survives_them_too(tmp_path: Path) -> None:
    found = write(tmp_path, b"abc", b"kill", b"refuse", b"abcd")
    with DecoderPool(2, decoder="decoder_stubs:maker") as maker:
        made, killed, refused, other = maker.make(found, NoSquares())
    assert isinstance(made, Made)
    assert made.value == ("0000.jpg", 3)
    assert isinstance(killed, Unreadable)
    assert "the system killed the decoder twice" in killed.reason
    assert isinstance(refused, Unreadable)
    assert isinstance(other, Made)
    assert other.value == ("0003.jpg", 4)


def test_the_same_processes_go_on_when_other_squares_are_wanted(tmp_path: Path) -> None:
    files = [(tmp_path / f"{number}.png", drawing(60 + number, 40)) for number in range(6)]
    for path, picture in files:
        path.write_bytes(saved(picture, "PNG"))
    found = [find_named(path) for path, _ in files]
    wanted = [TINY, replace(TINY, crop="squeeze"), replace(TINY, size=3 * TINY.size), TINY]

    with DecoderPool(2) as decoders:
        seen, processes = [], set()
        for preprocessing in wanted:
            seen.append([item.pixels for item in decoders.decode(found, preprocessing) if isinstance(item, Decoded)])
            processes.add(tuple(worker._process.pid for worker in decoders._workers))
        next(decoders.decode(found, wanted[1]))  # what was not waited for is not mistaken for what is asked for next
        last = [item.pixels for item in decoders.decode(found, wanted[2]) if isinstance(item, Decoded)]

    assert len(processes) == 1
    for preprocessing, pictures in zip([*wanted, wanted[2]], [*seen, last], strict=True):
        apart = ThreadDecoders().decode(found, preprocessing)
        for pixels, item in zip(pictures, apart, strict=True):
            assert isinstance(item, Decoded)
            assert (pixels == item.pixels).all()
