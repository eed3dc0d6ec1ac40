"""The same answers from a Ray cluster: three nodes of one processor each on this machine, which can be killed."""

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import pigeonhole as pigeonhole_package
from clusters import NODE, Gate, ray_nodes
from commands import pigeonhole
from models import write_colour_model
from oracle import outcomes_of
from pigeonhole.cli.classifying.answers import LOCK
from stores import BUCKET, s3_server
from tables import parts_of, rows_in, rows_in_store
from trees import BLUE, GREEN, RED, tree, write_noise, write_pictures
from watching import HANGS, wait_until

COLOURS = {"a.png": RED, "sub/b.png": GREEN, "sub/deeper/c.PNG": BLUE, "new\nline.png": RED}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Of an object store. It is there before the nodes, which take its address from the environment."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3_server() as made:
        yield made


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def cluster(client: Any, gate: Gate) -> Iterator[Any]:
    with ray_nodes(3, env_vars=gate.environment) as made:
        yield made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = write_pictures(tmp_path / "in", COLOURS | {f"equal {number}.png": GREEN for number in range(40)})
    (folder / "broken.jpg").write_text("this is no picture")
    (folder / "notes.txt").write_text("notes")
    return folder


COUNTS = pytest.mark.parametrize(
    "count", [200, pytest.param(5000, marks=pytest.mark.long("answers thousands of pictures"))]
)


def begun(table: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the first rows are there."""
    wait_until(lambda: bool(parts_of(table)) or process.poll() is not None, "the first rows")


@contextmanager
def losing_a_node(cluster: Any, gate: Gate, count: int, *arguments: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """A command over `count` pictures, some of which are answered and others in the hands of workers. When the block
    ends one of their nodes is killed, another one joins and gets work, and the command comes to its end.
    """
    gate.close()
    command = [sys.executable, "-m", "pigeonhole", *map(str, arguments), "--cluster", cluster.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: bool(gate.waiting()) or process.poll() is not None, "a worker at the gate")
            yield process
            lost = next(node for node in cluster.worker_nodes if node.node_id in gate.waiting())
            cluster.remove_node(lost, allow_graceful=False)
            joined = cluster.add_node(**NODE, env_vars=gate.environment)
            wait_until(lambda: joined.node_id in gate.waiting() or process.poll() is not None, "work for the new node")
        finally:
            gate.open()
        output, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 0, errors
    assert output.count("\n") == count + 1, errors
    assert "Traceback" not in errors


@COUNTS
def test_a_node_that_is_killed_and_one_that_joins_cost_no_row_and_double_none(
    cluster: Any, gate: Gate, tf_files: Path, tmp_path: Path, count: int
) -> None:
    pictures, table = write_noise(tmp_path / "in", count), tmp_path / "table"
    with losing_a_node(cluster, gate, count, "answers", tf_files, pictures, table, "--json") as process:
        begun(table, process)
        assert 0 < len(rows_in(table)) < count
    assert {name: row["sha256"] for name, row in rows_in(table).items()} == tree(pictures)


@pytest.mark.real("kills a node of a cluster once more")
@COUNTS
def test_a_killed_node_costs_no_row_of_an_object_store(  # noqa: PLR0917 - fixtures
    cluster: Any, gate: Gate, client: Any, tf_files: Path, tmp_path: Path, count: int
) -> None:
    pictures = write_noise(tmp_path / "in", count)
    for path in pictures.iterdir():
        client.put_object(Bucket=BUCKET, Key=f"lost/{path.name}", Body=path.read_bytes())
    source, table = f"s3://{BUCKET}/lost", f"s3://{BUCKET}/lost table"
    with losing_a_node(cluster, gate, count, "answers", tf_files, source, table, "--json"):
        pass
    assert {name: row["sha256"] for name, row in rows_in_store(client, "lost table").items()} == tree(pictures)


@pytest.mark.real("kills a node of a cluster once more")
@COUNTS
def test_a_killed_node_changes_no_name_and_no_byte_of_a_sorted_folder(
    cluster: Any, gate: Gate, tf_files: Path, tmp_path: Path, count: int
) -> None:
    pictures, out = write_noise(tmp_path / "in", count), tmp_path / "out"
    with losing_a_node(cluster, gate, count, "guess-dir", tf_files, pictures, out, "--json"):
        pass
    assert pigeonhole("guess-dir", tf_files, pictures, tmp_path / "alone").returncode == 0
    assert tree(out) == tree(tmp_path / "alone")
    assert len(tree(out)) == count


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


@pytest.mark.real("a cluster and an object store")
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
@pytest.mark.real("interrupts a cluster")
def test_an_interrupt_ends_the_job_and_what_is_done_stays(
    cluster: Any, gate: Gate, tf_files: Path, tmp_path: Path, number: int
) -> None:
    pictures, table = write_noise(tmp_path / "in", 200), tmp_path / "table"
    command = [sys.executable, "-m", "pigeonhole", "answers", str(tf_files), str(pictures), str(table)]
    command += ["--cluster", cluster.address]
    gate.close()
    try:
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            begun(table, process)
            process.send_signal(number)
            _, errors = process.communicate(timeout=HANGS)
    finally:
        gate.open()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.endswith("pigeonhole: Interrupted. No file is left half-done; run it again to go on.\n")
    done = len(rows_in(table))
    assert 0 < done < 200
    result = pigeonhole("answers", tf_files, pictures, table)
    assert f"200 seen = {200 - done} answered" in result.stderr


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


@pytest.mark.real("four nodes join a cluster of their own")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may show one process another folder than others")
def test_a_node_that_differs_is_refused_before_the_first_picture(tmp_path: Path) -> None:
    """One with another version, then one with edited code, then one that sees other folders: IN, then the table's."""
    tf_files, pictures = write_colour_model(tmp_path / "tf"), write_pictures(tmp_path / "in", COLOURS)
    (tmp_path / "site").mkdir()
    other = shutil.copytree(Path(pigeonhole_package.__file__).parent, tmp_path / "other" / "pigeonhole")
    with (other / "text.py").open("a") as module:
        module.write("# edited on this node alone\n")
    (tmp_path / "site" / "sitecustomize.py").write_text(SPOILT)
    for name in ("sorted", "table"):
        (tmp_path / name).mkdir()
    path = {"PYTHONPATH": str(tmp_path / "site")}
    with ray_nodes(1) as cluster:
        for spoilt, command, out, code, sentence in (
            ({"SPOILT_VERSION": "1"}, "guess-dir", "sorted", 1, "has pigeonhole 9.9.9, this machine "),
            ({"PYTHONPATH": str(other.parent)}, "guess-dir", "sorted", 1, "than this machine: its code differs."),
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
        ("127.0.0.1:99999", 2, "127.0.0.1:99999 is no address of a cluster."),
        ("127.0.0.1:9", 1, "Nobody answers at 127.0.0.1:9"),
    ):
        for command in ("answers", "guess-dir"):
            result = pigeonhole(command, tf_files, pictures, tmp_path / "out", "--cluster", address)
            assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
            assert not (tmp_path / "out").exists()


def test_one_that_listens_and_says_nothing_is_no_cluster(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    """By itself Ray asks it for a quarter of an hour; that it is asked for 16 s takes too long here."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        result = pigeonhole(
            "answers", tf_files, pictures, tmp_path / "out", "--cluster", address,
            environment={"RAY_gcs_rpc_server_connect_timeout_s": "1", "RAY_py_gcs_connect_timeout_s": "1"},
        )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr.endswith(
        f"pigeonhole: There is no Ray cluster at {address}. Start a cluster with ray start, as docs/scaling.md shows.\n"
    )


@pytest.mark.parametrize(
    "environment", [{"RAY_AUTH_TOKEN": secrets.token_hex(32)}, {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": ""}]
)
def test_who_lacks_the_token_is_told_so(
    cluster: Any, tf_files: Path, pictures: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    result = pigeonhole(
        "answers", tf_files, pictures, tmp_path / "out", "--cluster", cluster.address, environment=environment
    )
    assert (result.returncode, "does not know this machine. Set RAY_AUTH_MODE=token" in result.stderr) == (1, True)
