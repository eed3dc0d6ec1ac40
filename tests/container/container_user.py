"""A user of the real containers: a checkout and folders with awkward names, and a uid that is not root's."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKOUT = (
    *("train.sh", "guess.sh", "guessDir.sh", "watch.sh", "pigeonhole.sh"),
    *("docker-compose.yml", "docker-compose.gpu.yml", "docker-compose.cluster.yml"),
    *("Dockerfile", ".dockerignore", "pyproject.toml", "README.md", "LICENSE"),
)
UID, GID = 12345, 23456
SOCKET = Path("/var/run/docker.sock")

# Stands before the engine and writes down what it is told, so that a test can go where a job went.
RECORDER = """#!/usr/bin/env bash
[[ $1 != run ]] || printf '%s\\0' "$@" >"${0%/*}/last"
exec "$REAL_DOCKER" "$@"
"""


@dataclass(frozen=True)
class User:
    home: Path

    @property
    def ids(self) -> tuple[int, int]:
        """Whom everything belongs to that a container writes for this user."""
        return (UID, GID) if os.getuid() == 0 else (os.getuid(), os.getgid())

    @property
    def checkout(self) -> Path:
        return self.home / "check, out"

    @property
    def tf_files(self) -> Path:
        return self.home / "tf, files"

    @property
    def pictures(self) -> Path:
        return self.home / "new pictures, unsorted"

    def script(self, name: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts, in the user's home."""
        return self.run("bash", self.checkout / name, *arguments, **environment)

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        with self.start(*command, **environment) as process:
            stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[str]:
        """The same, not waited for."""
        variables = {
            **os.environ,
            "HOME": str(self.home),
            "DOCKER": str(self.home / "bin/docker"),
            "REAL_DOCKER": engine(),
            "PIGEONHOLE_RUNTIME": "container",
            "PIGEONHOLE_GPU": "0",
            "PIGEONHOLE_BASE": base_image(),
            **environment,
        }
        other = os.getuid() == 0
        return subprocess.Popen(
            command,
            cwd=self.home,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            user=UID if other else None,
            group=GID if other else None,
            extra_groups=[SOCKET.stat().st_gid] if other else None,
        )

    def image_of_last_job(self) -> str:
        return self._last_job()[1]

    def look_around(self, code: str) -> str:
        """What Python `code` prints in a container with the very flags and mounts of the last job."""
        flags, image = self._last_job()
        ran = self.run(engine(), *flags, "--entrypoint", "python", image, "-c", code)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def _last_job(self) -> tuple[list[str], str]:
        told = os.fsdecode((self.home / "bin/last").read_bytes()).split("\0")
        at = next(i for i, word in enumerate(told) if word.startswith(("pigeonhole-classify:", "pigeonhole-train:")))
        return told[:at], told[at]

    def owns(self, folder: Path) -> None:
        """Make `folder` and all that is in it the user's own."""
        if os.getuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, *self.ids)


def make_user(home: Path, shared: Path | None = None) -> User:
    """A user with a checkout and, from `shared`, pictures to learn from, weights, and pictures to sort."""
    home.chmod(0o755)
    user = User(home)
    user.checkout.mkdir()
    for name in CHECKOUT:
        shutil.copy(ROOT / name, user.checkout)
    shutil.copytree(ROOT / "src", user.checkout / "src", ignore=shutil.ignore_patterns("__pycache__"))
    (home / "bin").mkdir()
    (home / "bin/docker").write_text(RECORDER)
    (home / "bin/docker").chmod(0o755)

    if shared is not None:
        heroes = shared / "data" / "superheroes"
        shutil.copytree(heroes / "train", user.tf_files / "data", copy_function=shutil.copyfile)
        (user.tf_files / "weights").mkdir()
        shutil.copyfile(shared / "weights" / "mobilenet_v2.pth", user.tf_files / "weights" / "mobilenet_v2.pth")
        shutil.copytree(heroes / "test", user.pictures, copy_function=shutil.copyfile)
    user.owns(home)
    return user


def engine() -> str:
    return shutil.which(os.environ.get("DOCKER") or "docker") or "docker"


@cache
def base_image() -> str:
    """The pinned base image or, on a machine that cannot fetch it, what stands under its tag."""
    pinned = re.search(r"^ARG BASE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert pinned is not None
    there = subprocess.run([engine(), "image", "inspect", pinned[1]], capture_output=True, check=False).returncode == 0
    return os.environ.get("PIGEONHOLE_BASE") or (pinned[1] if there else pinned[1].partition("@")[0])


def docker(*arguments: str) -> str:
    ran = subprocess.run([engine(), *arguments], capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def owners(*folders: Path) -> set[tuple[int, int]]:
    statuses = [path.stat() for folder in folders for path in (folder, *folder.rglob("*"))]
    return {(status.st_uid, status.st_gid) for status in statuses}


def visible(folder: Path) -> list[Path]:
    """What a user sees in `folder`: not the journal."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
