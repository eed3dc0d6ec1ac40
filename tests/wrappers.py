"""Helpers to run the scripts with an engine and a Python that only write down what they are told."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import command_table

ROOT = Path(__file__).parents[1]


TABLE = command_table.read()
IN_CONTAINER = [row for row in TABLE if row.where != "here"]
OUTSIDE = [row for row in TABLE if row.where == "here"]
EVERYDAY = [row.script for row in TABLE if row.script]

DOCKER_INFO = (
    "Client:\nServer:\n Runtimes: runc\n CPUs: 4\n Total Memory: 7.656GiB\n Security Options:\n  seccomp\n"
    "   Profile: default\n"
)
ROOTLESS_INFO = DOCKER_INFO + "  rootless\n"
PODMAN_INFO = (
    "host:\n  buildahVersion: 1.39.3\n  cgroupControllers:\n  - cpu\n  - memory\n  - pids\n  cpus: 4\n"
    "  memTotal: 8220504064\n  security:\n    rootless: true\n"
)

# Files beside it say what it cannot do: no-engine, no-image, no-build, and `gpus` which of the two flags it knows.
ENGINE = """#!/usr/bin/env bash
here=${0%/*}
number=$(find "$here/calls" -type f | wc -l)
printf '%s\\0' "$@" >"$here/calls/$(printf %03d "$number")"
case $1 in
  info) [[ ! -e $here/no-engine ]] && cat "$here/info" ;;
  image) [[ ! -e $here/no-image ]] ;;
  build) [[ ! -e $here/no-build ]] || { cat "$here/no-build" >&2; exit 1; } ;;
  run)
    [[ "$*" != *--entrypoint* ]] || { [[ "$*" == *$(cat "$here/gpus")* ]]; exit; }
    exit "$(cat "$here/exit")"
    ;;
esac
"""

# Both the Python that makes .venv and the one in it; whatever is asked with -c, the real one answers.
PYTHON = """#!/usr/bin/env bash
case "$*" in
  '-m venv '*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  '-m pip '*' install '*)
    printf 'begin\\n' >>{here}/installs
    printf '%s\\0' "$@" >{here}/install
    printf '%s' "${{PIP_NO_CACHE_DIR-}}" >{here}/no-cache
    sleep 0.3
    printf 'end\\n' >>{here}/installs
    [[ ! -e {here}/no-network ]] || {{ echo 'no network' >&2; exit 1; }}
    [[ ! -e {here}/no-room ]] || {{ cat {here}/no-room >&2; exit 1; }}
    [[ ! -e {here}/fills ]] || {{ mv {here}/fills {here}/disks; exit 1; }}
    ;;
  '-m pip '*) ;;
  '-c import sys, pip'*) ;;
  '-c '*) exec {python} "$@" ;;
  *) printf '%s\\0' "$@" >{here}/command ;;
esac
"""


@dataclass
class Checkout:
    """A copy of the scripts in a folder with an awkward name, and the two fakes beside it."""

    root: Path
    fakes: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def tf_files(self) -> Path:
        return self.root / "tf_files"

    def run(
        self, script: str, *arguments: str | bytes | Path, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        command: Sequence[str | bytes | Path] = ["bash", self.root / script, *arguments]
        variables = {**os.environ, **self.environment, **environment}
        return subprocess.run(
            command,
            cwd=cwd,
            env=variables,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    def can(self, **said: str) -> None:
        """Say what the engine answers: `info`, `gpus` or `exit`."""
        for name, text in said.items():
            (self.fakes / name).write_text(text)

    def cannot(self, *names: str) -> None:
        for name in names:
            (self.fakes / name).touch()

    def calls(self, command: str) -> list[list[str]]:
        """What the engine was told, for each call that begins with `command`."""
        calls = [arguments(path) for path in sorted((self.fakes / "calls").iterdir())]
        return [call for call in calls if call[0] == command]

    def job(self) -> "Job":
        """The one container that did the work."""
        (call,) = [call for call in self.calls("run") if "--entrypoint" not in call]
        return Job(call)

    def local_command(self) -> list[str]:
        """What the Python in .venv was told."""
        return arguments(self.fakes / "command")

    def installed(self) -> list[str]:
        """What the last pip install was told."""
        return arguments(self.fakes / "install")


@dataclass
class Job:
    """A `docker run`, taken apart."""

    call: list[str]

    @property
    def _image_at(self) -> int:
        return next(
            i for i, word in enumerate(self.call) if word.startswith(("pigeonhole-classify:", "pigeonhole-train:"))
        )

    @property
    def image(self) -> str:
        return self.call[self._image_at]

    @property
    def flags(self) -> list[str]:
        return self.call[1 : self._image_at]

    @property
    def command(self) -> list[str]:
        return self.call[self._image_at + 1 :]

    def values(self, flag: str) -> list[str]:
        return [value for name, value in zip(self.flags, self.flags[1:], strict=False) if name == flag]

    @property
    def mounts(self) -> dict[str, str]:
        """Each path with ro or rw; every one is mounted at its own place."""
        return dict(map(_mount, self.values("--mount")))


def _mount(text: str) -> tuple[str, str]:
    # Not with the csv module: it is the engine's reading that counts, and that one is tested with the real engine.
    fields = text.removeprefix("type=bind,").removesuffix(",readonly")
    source, target = fields[1:-1].split('","target=')
    assert fields == f'"{source}","target={target}"'
    assert source == f"source={target}"
    return target.replace('""', '"'), "ro" if text.endswith(",readonly") else "rw"


def arguments(path: Path) -> list[str]:
    return os.fsdecode(path.read_bytes()).split("\0")[:-1]


def make_checkout(folder: Path) -> Checkout:
    root, fakes = folder / "check, out 'x'", folder / "the fakes"
    (root / "src/pigeonhole").mkdir(parents=True)
    (root / "tf_files").mkdir()
    (fakes / "calls").mkdir(parents=True)
    shared = [str(path.relative_to(ROOT)) for path in (ROOT / "src").glob("*.sh")]
    for name in (*EVERYDAY, "pigeonhole.sh", *shared, "src/pigeonhole/__init__.py", "Dockerfile", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    quoted = {"here": f"'{fakes}'", "python": f"'{sys.executable}'"}
    for name, text in {"engine": ENGINE, "python3.11": PYTHON.format(**quoted)}.items():
        (fakes / name).write_text(text)
        (fakes / name).chmod(0o755)
    # What the machine at hand has, or its user has set, is not what is tested.
    clean: Mapping[str, str] = {name: "" for name in os.environ if name.startswith("PIGEONHOLE_")}
    checkout = Checkout(
        root,
        fakes,
        {
            **clean,
            "DOCKER": str(fakes / "engine"),
            "PIGEONHOLE_GPU": "0",
            "TMPDIR": str(fakes),
            "PATH": f"{fakes}{os.pathsep}{os.environ['PATH']}",
        },
    )
    checkout.can(info=DOCKER_INFO, gpus="none", exit="0")
    return checkout


def make_place(folder: Path) -> Path:
    """Where the user is: a folder for pictures, a picture and another TF_FILES."""
    place = folder / "home"
    for name in ("in", "tf"):
        (place / name).mkdir(parents=True)
    (place / "elsa.jpg").touch()
    return place
