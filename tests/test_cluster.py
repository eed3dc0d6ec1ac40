"""The same answers from a Ray cluster: two nodes of one processor each on this machine, which can be killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clusters import NODE, ray_nodes
from commands import pigeonhole
from models import write_colour_model
from oracle import assert_exactly_once, assert_nothing_lost, contents, outcomes_of
from pigeonhole.cli.classifying.answers import LOCK
from stores import BUCKET, s3_server
from tables import parts_of, rows_in
from trees import BLUE, GREEN, RED, tree, write_pictures
from watching import HANGS, names, wait_until

COLOURS = {"a.png": RED, "sub/b.png": GREEN, "sub/deeper/c.PNG": BLUE, "new\nline.png": RED}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Of an object store. It is there before the nodes, which take its address from the environment."""
    with s3_server() as made:
        yield made


@pytest.fixture(scope="module")
def cluster(client: Any) -> Iterator[Any]:
    with ray_nodes(2) as made:
        yield made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = write_pictures(tmp_path / "in", COLOURS | {f"equal {number}.png": GREEN for number in range(40)})
    (folder / "broken.jpg").write_text("this is no picture")
    (folder / "notes.txt").write_text("notes")
    return folder


def write_noise(folder: Path, count: int) -> None:
    """Pictures of which no two are equal, and which take a millisecond each."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(noise.integers(0, 255, (24, 32, 3), np.uint8))
        small.resize((320, 240)).save(folder / f"{number}.jpg")


def begun(table: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the first rows are there."""
    deadline = time.monotonic() + HANGS
    while not (table.is_dir() and parts_of(table)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_node_that_is_killed_and_one_that_joins_cost_no_row_and_double_none(
    cluster: Any, tf_files: Path, tmp_path: Path
) -> None:
    write_noise(tmp_path / "in", 5000)
    table = tmp_path / "table"
    command = [sys.executable, "-m", "pigeonhole", "answers", str(tf_files), str(tmp_path / "in"), str(table)]
    command += ["--cluster", cluster.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        begun(table, process)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        done = len(rows_in(table))
        cluster.add_node(**NODE)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 0, errors
    assert 0 < done < 5000
    assert "5000 seen = 5000 answered + 0 unknown + 0 unreadable + 0 answered before" in errors
    rows = rows_in(table)
    assert {name: row["sha256"] for name, row in rows.items()} == tree(tmp_path / "in")


def test_a_folder_gets_the_same_names_and_bytes_as_without(cluster: Any, tf_files: Path, pictures: Path) -> None:
    one, other = pictures.parent / "one", pictures.parent / "other"
    by_cluster = pigeonhole("guess-dir", tf_files, pictures, one, "--json", "--cluster", cluster.address)
    alone = pigeonhole("guess-dir", tf_files, pictures, other, "--json")
    assert tree(one) == tree(other)
    assert by_cluster.returncode == alone.returncode == 1
    (said, counts), (said_too, counts_too) = outcomes_of(by_cluster.stdout), outcomes_of(alone.stdout)
    for each in (*said, *said_too):
        each["target"] = Path(each["target"]).name if "target" in each else ""
    assert sorted(said, key=str) == sorted(said_too, key=str)
    assert {**counts, "seconds": 0} == {**counts_too, "seconds": 0}
    again = pigeonhole("guess-dir", tf_files, pictures, one)
    assert "46 seen = 0 sorted + 0 unknown + 1 unreadable + 45 skipped + 0 failed" in again.stderr
    assert tree(one) == tree(other)


def test_objects_are_answered_into_a_store(cluster: Any, client: Any, tf_files: Path, pictures: Path) -> None:
    (pictures / "new\nline.png").rename(pictures / "no new line.png")  # the server of the test takes none
    for path in pictures.rglob("*"):
        if path.is_file():
            client.put_object(Bucket=BUCKET, Key=f"in/{path.relative_to(pictures)}", Body=path.read_bytes())
    source, table = f"s3://{BUCKET}/in", f"s3://{BUCKET}/table"
    result = pigeonhole("answers", tf_files, source, table, "--cluster", cluster.address)
    counts = "46 seen = 44 answered + 0 unknown + 1 unreadable + 0 answered before + 1 skipped + 0 failed"
    assert counts in result.stderr
    again = pigeonhole("answers", tf_files, source, table)
    assert "46 seen = 0 answered + 0 unknown + 0 unreadable + 45 answered before" in again.stderr
    sorted_ = pigeonhole("guess-dir", pictures, pictures.parent / "out", "--from-answers", table)
    assert sorted_.returncode == 1, "one is unreadable"
    assert len(tree(pictures.parent / "out")) == 45


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long("starts many processes again"))]
)
def test_an_interrupt_ends_the_job_and_what_is_done_stays(
    cluster: Any, tf_files: Path, tmp_path: Path, number: int
) -> None:
    write_noise(tmp_path / "in", 2000)
    table = tmp_path / "table"
    command = [sys.executable, "-m", "pigeonhole", "answers", str(tf_files), str(tmp_path / "in"), str(table)]
    command += ["--cluster", cluster.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        begun(table, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.endswith("pigeonhole: Interrupted. No file is left half-done; run it again to go on.\n")
    done = len(rows_in(table))
    assert done
    result = pigeonhole("answers", tf_files, tmp_path / "in", table)
    assert f"2000 seen = {2000 - done} answered" in result.stderr


SPOILT = """
import ctypes, os, sys
if os.environ.get("SPOILT_VERSION"):
    import pigeonhole
    pigeonhole.__version__ = "9.9.9"
if os.environ.get("SPOILT_FOLDER"):
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x20000) == 0
    assert libc.mount(b"none", b"/", None, 0x44000, None) == 0
    assert libc.mount(b"tmpfs", os.environb[b"SPOILT_FOLDER"], b"tmpfs", 0, None) == 0
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may show one process another folder than others")
def test_a_node_that_differs_is_refused_before_the_first_picture(tmp_path: Path) -> None:
    """One with another version, then one that sees other folders: IN, and then the table's."""
    tf_files, pictures = write_colour_model(tmp_path / "tf"), write_pictures(tmp_path / "in", COLOURS)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SPOILT)
    for name in ("sorted", "table"):
        (tmp_path / name).mkdir()
    path = {"PYTHONPATH": str(tmp_path / "site")}
    with ray_nodes(1) as cluster:
        for spoilt, command, out, code, sentence in (
            ({"SPOILT_VERSION": "1"}, "guess-dir", "sorted", 1, "has pigeonhole 9.9.9, this machine "),
            ({"SPOILT_FOLDER": str(pictures)}, "guess-dir", "sorted", 1, "as this machine does: it has gone"),
            ({"SPOILT_FOLDER": str(tmp_path / "table")}, "answers", "table", 5, "or sees another folder there."),
        ):
            node = cluster.add_node(**NODE, env_vars={**path, **spoilt})
            result = pigeonhole(command, tf_files, pictures, tmp_path / out, "--cluster", cluster.address)
            assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
            assert [name for name in tree(tmp_path / out) if name != LOCK] == []
            cluster.remove_node(node)


def test_a_cluster_that_is_none_is_a_sentence(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    for address, code, sentence in (
        ("nonsense", 2, "nonsense is no address of a cluster."),
        ("127.0.0.1:9", 1, "Nobody answers at 127.0.0.1:9"),
    ):
        for command in ("answers", "guess-dir"):
            result = pigeonhole(command, tf_files, pictures, tmp_path / "out", "--cluster", address)
            assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tests/local_cluster.py has seen."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "in").mkdir()
    for name, data in (("crash", b"crash"), ("kill", b"kill"), ("good", b"\x01"), ("fine", b"\x02")):
        (folder / "in" / f"{name}.png").write_bytes(data)
    program = Path(__file__).with_name("local_cluster.py")
    command: list[str | Path] = [sys.executable, program, write_colour_model(folder / "tf"), folder / "in"]
    variables = {**os.environ, "PYTHONPATH": str(program.parent)}
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_TMPDIR"):  # of the other nodes
        variables.pop(name, None)
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=HANGS, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    seen: dict[str, Any] = json.loads(ran.stdout)
    return seen


def test_a_cluster_of_this_machine_speaks_to_nobody_and_leaves_nothing(local: dict[str, Any]) -> None:
    """Its use is not told, and it keeps out whoever lacks the token that nobody else has."""
    assert local["tells"] is False
    assert local["worker"]["RAY_USAGE_STATS_ENABLED"] == "0"
    assert local["worker"]["RAY_AUTH_MODE"] == "token"
    assert len(local["worker"]["RAY_AUTH_TOKEN"]) == 64
    assert not Path(local["folder"]).exists()


def test_a_file_that_kills_its_decoder_on_a_node_costs_that_file(local: dict[str, Any]) -> None:
    dead = [[f"{name}.png", "unreadable"] for name in ("crash", "kill")]
    assert local["results"] == sorted([*dead, ["good.png", "answered"], ["fine.png", "answered"]])


@pytest.mark.long("trains on the superheroes, and starts a cluster of its own several times")
def test_the_superheroes_get_the_same_names_and_bytes_as_without(
    superheroes: Path, shared: Path, tmp_path: Path
) -> None:
    pictures = shared / "data" / "superheroes" / "test"
    assert pigeonhole("guess-dir", superheroes, pictures, tmp_path / "one", "--cluster", "local").returncode == 0
    assert pigeonhole("guess-dir", superheroes, pictures, tmp_path / "other").returncode == 0
    assert tree(tmp_path / "one") == tree(tmp_path / "other")
    assert len(tree(tmp_path / "one")) == 25


def has_begun(source: Path, left: int, process: "subprocess.Popen[bytes]") -> bool:
    return len(names(source)) < left or process.poll() is not None


@pytest.mark.long("trains on the superheroes, and starts a cluster of its own several times")
def test_a_move_by_a_cluster_that_is_killed_at_random_moments_loses_and_doubles_nothing(
    superheroes: Path, shared: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(shared / "data" / "superheroes" / "train", source, copy_function=shutil.copyfile)
    before = contents(source)
    chance = random.Random(18)
    arguments = str(superheroes), str(source), str(out), "--move", "--cluster", "local"
    died = 0
    while died < 6 and (left := len(names(source))):
        with subprocess.Popen([sys.executable, "-m", "pigeonhole", "guess-dir", *arguments]) as process:
            wait_until(partial(has_begun, source, left, process), "moving one")
            time.sleep(chance.uniform(0, 1))
            process.kill()
        died += process.returncode == -signal.SIGKILL
        assert_nothing_lost(before, source, out)
    assert died >= 3
    result = pigeonhole("guess-dir", *arguments)
    assert result.returncode in (0, 4), result.stderr
    assert_exactly_once(before, source, out)
    assert not contents(source)
