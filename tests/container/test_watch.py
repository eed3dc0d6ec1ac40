"""The watched inbox in a real container: how it ends, whom its files belong to, and how it says that it is unwell."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from container_user import User, docker, engine, make_user, owners

from models import colour_model, write_colour_model
from oracle import assert_exactly_once, contents
from watching import names, picture, wait_until

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("PIGEONHOLE_TEST_CONTAINER") != "1",
        reason="builds images and runs containers: set PIGEONHOLE_TEST_CONTAINER=1",
    ),
    pytest.mark.timeout(600),
]


@pytest.fixture
def user() -> Iterator[User]:
    home = Path(tempfile.mkdtemp(prefix="pigeonhole, tests ")).resolve()
    write_colour_model(home / "tf, files")
    (home / "in, box").mkdir()
    (home / "sorted, all").mkdir()
    yield make_user(home)
    shutil.rmtree(home)


class Container:
    """A watcher that `watch.sh` started."""

    def __init__(self, user: User, *options: str) -> None:
        self.user = user
        self.inbox, self.out = user.home / "in, box", user.home / "sorted, all"
        script = user.checkout / "watch.sh"
        self.process = user.start("bash", script, user.tf_files, self.inbox, self.out, *options)
        self.id = ""
        wait_until(self._is_there, "the container")

    def _is_there(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        self.id = docker("ps", "--quiet", "--no-trunc", "--filter", f"volume={self.inbox}")
        return bool(self.id)

    def health(self) -> str:
        return docker("inspect", "--format", "{{.State.Health.Status}}", self.id)

    def wait_for_health(self, status: str) -> None:
        wait_until(lambda: self.health() == status, f"health {status}")

    def drop(self, *numbers: int) -> None:
        for number in numbers:
            path = self.inbox / f".{number}.part"
            path.write_bytes(picture(number))
            if os.getuid() == 0:
                os.chown(path, *self.user.ids)
            path.rename(self.inbox / f"{number:05}.png")

    def wait_until_sorted(self, count: int) -> None:
        wait_until(lambda: len(names(self.out)) >= count, f"sorting {count}")

    def stop(self) -> str:
        """`docker stop`; what the watcher said until then."""
        started = time.monotonic()
        docker("stop", self.id)
        assert time.monotonic() - started < 10
        _, said = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, said
        return said


@contextmanager
def watched(user: User, *options: str) -> Iterator[Container]:
    container = Container(user, *options)
    try:
        yield container
    finally:
        if container.process.poll() is None:
            subprocess.run([engine(), "kill", container.id], capture_output=True, check=False)
            container.process.communicate()


def test_docker_stop_in_the_middle_leaves_nothing_half_done_and_files_belong_to_the_caller(user: User) -> None:
    with watched(user) as container:
        container.drop(*range(300))
        before = contents(container.inbox, container.out)
        container.wait_until_sorted(20)
        said = container.stop()
    assert_exactly_once(before, container.inbox, container.out)
    assert owners(container.inbox, container.out) == {user.ids}
    assert len(names(container.out)) == sum(" -> " in line for line in said.splitlines())

    with watched(user) as container:
        container.wait_until_sorted(300)
        container.stop()
    assert names(container.inbox) == []
    assert_exactly_once(before, container.inbox, container.out)


def test_health_turns_unhealthy_and_back(user: User) -> None:
    model = user.tf_files / "model.onnx"
    deeds: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (model.unlink, lambda: model.write_bytes(colour_model())),
        (lambda: (user.home / "in, box").chmod(0), lambda: (user.home / "in, box").chmod(0o755)),
    ]
    with watched(user) as container:
        container.wait_for_health("healthy")
        for break_it, mend_it in deeds:
            break_it()
            container.wait_for_health("unhealthy")
            mend_it()
            container.wait_for_health("healthy")
        container.drop(0)
        container.wait_until_sorted(1)
        container.stop()


def test_an_inbox_that_is_removed_outside_makes_the_container_unhealthy(user: User) -> None:
    with watched(user) as container:
        container.wait_for_health("healthy")
        container.inbox.rmdir()
        container.wait_for_health("unhealthy")
        assert "it was removed" in container.stop()


def test_copies_come_from_an_inbox_that_the_container_cannot_write_to(user: User) -> None:
    with watched(user, "--copy") as container:
        container.drop(0, 1)
        container.wait_until_sorted(2)
        container.stop()
    assert len(names(container.inbox)) == len(names(container.out)) == 2
    assert owners(container.out) == {user.ids}
