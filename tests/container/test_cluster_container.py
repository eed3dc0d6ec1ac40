"""A Ray cluster of containers: a head and two workers of one image, which reach each other and nobody else."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from container_user import User, base_image, docker, engine, make_user, owners, visible

from models import write_colour_model
from tables import rows_in
from trees import BLUE, GREEN, RED, tree, write_pictures
from watching import wait_until

pytestmark = pytest.mark.skipif(
    os.environ.get("PIGEONHOLE_TEST_CONTAINER") != "1", reason="needs a container engine: PIGEONHOLE_TEST_CONTAINER=1"
)

WAY_OUT = """
import socket
for address in (("192.0.2.1", 443), ("1.1.1.1", 53)):
    try:
        socket.create_connection(address, 5)
    except OSError as error:
        print(type(error).__name__)
"""
Compose = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        made = make_user(Path(home))
        write_colour_model(made.tf_files)
        colours = {f"{number}.png": (RED, GREEN, BLUE)[number % 3] for number in range(300)}
        write_pictures(made.pictures, colours)
        (made.home / "out").mkdir()
        made.owns(made.home)
        yield made


@pytest.fixture(scope="module")
def compose(user: User) -> Iterator[Compose]:
    old = shutil.which("docker-compose")
    if not old and subprocess.run([engine(), "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("neither docker-compose nor docker compose is installed")
    command = [old] if old else [engine(), "compose"]
    settings = {
        "TF_FILES": str(user.tf_files),
        "IN": str(user.pictures),
        "OUT": str(user.home / "out"),
        "PIGEONHOLE_UID": str(user.ids[0]),
        "PIGEONHOLE_GID": str(user.ids[1]),
        "PIGEONHOLE_TOKEN": "0123456789abcdef" * 4,
        "DOCKER_BUILDKIT": "1",
    }
    arguments = "--build-arg", "ACCELERATOR=cpu", "--build-arg", f"BASE={base_image()}"
    tag = "pigeonhole-cluster:compose-cpu"
    built = user.run(engine(), "build", "--target", "cluster", *arguments, "-t", tag, user.checkout, **settings)
    assert built.returncode == 0, built.stderr

    def call(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        file = str(user.checkout / "docker-compose.cluster.yml")
        return user.run(*command, "-p", "pigeons", "-f", file, *words, **settings)

    try:
        started = call("up", "-d", "--scale", "worker=2")
        assert started.returncode == 0, started.stderr
        wait_until(lambda: _workers(call) == 2, "two workers being there")
        yield call
    finally:
        call("down", "--timeout", "5")


def _workers(call: Compose) -> int:
    code = (
        "import ray; ray.init('auto', log_to_driver=False); print('CPUS', int(ray.cluster_resources().get('CPU', 0)))"
    )
    said = call("exec", "-T", "head", "python", "-c", code).stdout
    return int(float(said.split("CPUS")[1])) if "CPUS" in said else 0


def test_a_folder_is_answered_and_sorted_by_two_workers(user: User, compose: Compose) -> None:
    run = "exec", "-T", "head", "pigeonhole"
    answered = compose(*run, "answers", "/tf_files", "/in", "/out/table", "--cluster", "auto")
    assert answered.returncode == 0, answered.stderr
    assert "300 seen = 300 answered" in answered.stderr
    assert "on 2 workers" in answered.stderr
    assert len(rows_in(user.home / "out" / "table")) == 300

    placed = compose(*run, "guess-dir", "/tf_files", "/in", "/out/sorted", "--cluster", "auto")
    assert placed.returncode == 0, placed.stderr
    assert len(visible(user.home / "out" / "sorted")) == 300
    assert owners(user.home / "out" / "sorted") == {user.ids}
    assert sorted(tree(user.home / "out" / "sorted").values()) == sorted(tree(user.pictures).values())


def test_no_node_has_a_way_out(compose: Compose) -> None:
    for node in ("head", "worker"):
        met = compose("exec", "-T", node, "python", "-c", WAY_OUT).stdout.split()
        assert len(met) == 2, met  # an error for each: none of them was reached
        assert set(met) <= {"OSError", "TimeoutError"}, met
    assert docker("network", "inspect", "--format", "{{.Internal}}", "pigeons_inside").strip() == "true"


def test_ray_tells_nobody_of_its_use(compose: Compose) -> None:
    code = "import os; print(os.environ['RAY_USAGE_STATS_ENABLED'], os.environ['ORT_DISABLE_TELEMETRY'])"
    assert compose("exec", "-T", "worker", "python", "-c", code).stdout.split() == ["0", "1"]
    assert docker("image", "inspect", "--format", "{{.Config.User}}", "pigeonhole-cluster:compose-cpu").strip()
